//! Where providers work.

/// Kinds of facilities, with what their names end in.
#[rustfmt::skip]
pub(in crate::generate) const FACILITY_TYPES: &[(&str, &[&str])] = &[
    ("Hospital", &["General Hospital", "Memorial Hospital", "Regional Medical Center", "Community Hospital"]),
    ("Hospital", &["Hospital", "Medical Center", "Mercy Hospital", "Veterans Hospital"]),
    ("Outpatient Clinic", &["Clinic", "Family Clinic", "Specialty Clinic"]),
    ("Urgent Care", &["Urgent Care", "Walk-in Clinic"]),
    ("Surgery Center", &["Surgery Center", "Day Surgery"]),
    ("Diagnostic Center", &["Imaging Center", "Diagnostic Laboratory"]),
    ("Rehabilitation Center", &["Rehabilitation Center", "Physical Therapy Center"]),
    ("Nursing Home", &["Nursing Home", "Care Center"]),
    ("Private Practice", &["Medical Associates", "Physicians Group", "Family Practice"]),
    ("Community Health Center", &["Community Health Center"]),
    ("Academic Medical Center", &["University Hospital", "Academic Medical Center"]),
];

#[rustfmt::skip]
pub(in crate::generate) const STREETS: &[&str] = &[
    "Main Street", "Oak Street", "Maple Avenue", "Park Avenue", "Washington Street", "Lake Street", "Hill Road",
    "Hospital Drive", "Medical Parkway", "Elm Street", "Church Street", "Highland Avenue", "River Road", "Center Street",
    "University Boulevard", "Pine Street", "Cedar Lane", "Sunset Boulevard", "Franklin Street", "Jefferson Avenue",
];

#[rustfmt::skip]
pub(in crate::generate) const POSITIONS: &[&str] = &[
    "Attending Physician", "Consultant", "Medical Director", "Staff Physician", "Department Chair", "Resident", "Fellow",
];

#[rustfmt::skip]
pub(in crate::generate) const DEPARTMENTS: &[&str] = &[
    "Medicine", "Surgery", "Pediatrics", "Emergency", "Radiology", "Cardiology", "Oncology", "Neurology", "Orthopedics",
    "Obstetrics", "Psychiatry", "Anesthesiology", "Outpatient Services",
];

pub(in crate::generate) const EMPLOYMENT_TYPES: &[&str] =
    &["Full-time", "Full-time", "Part-time", "Consulting", "Locum", "Volunteer", "Academic"];

pub(in crate::generate) const STAFF_CATEGORIES: &[&str] =
    &["Active", "Active", "Courtesy", "Consulting", "Provisional"];

pub(in crate::generate) const COMMITTEES: &[&str] =
    &["Quality", "Ethics", "Pharmacy and Therapeutics", "Infection Control", "Credentials"];

pub(in crate::generate) const OWNERSHIPS: &[&str] = &[
    "Voluntary non-profit - Private",
    "Voluntary non-profit - Church",
    "Proprietary",
    "Government - Local",
    "Government - State",
];

/// Where the rows say that they come from.
pub(in crate::generate) const DATA_SOURCES: &[&str] =
    &["NPPES", "STATE_LICENSE_BOARD", "CLAIMS", "CREDENTIALING", "SURVEY"];

/// Hosts of e-mail addresses and websites. `.invalid` is reserved (RFC 2606): mail to it goes nowhere.
pub(in crate::generate) const HOSTS: &[&str] = &[
    "mercy-health.invalid",
    "lakeside-clinic.invalid",
    "valleymedical.invalid",
    "uhealth.invalid",
    "stmary.invalid",
    "northside.invalid",
];
