//! The words that values are made of.

pub(crate) const FIRST_NAMES: &[&str] = &[
    "James",
    "Mary",
    "Robert",
    "Patricia",
    "John",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "William",
    "Barbara",
    "Richard",
    "Susan",
    "Joseph",
    "Jessica",
    "Thomas",
    "Sarah",
    "Charles",
    "Karen",
    "Wei",
    "Priya",
    "Omar",
    "Fatima",
    "Hiroshi",
    "Ana",
    "Olga",
    "Kwame",
    "Ingrid",
    "Mateo",
];
pub(crate) const LAST_NAMES: &[&str] = &[
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Perez",
    "Thompson",
    "White",
    "Harris",
    "Sanchez",
    "Clark",
    "Ramirez",
    "Lewis",
    "Robinson",
    "O'Brien",
    "Nguyen",
    "Patel",
    "Kim",
    "Chen",
    "Okafor",
    "Yamamoto",
    "Kowalski",
    "Smith-Jones",
    "Van Dyke",
];
pub(crate) const DEGREES: &[&str] = &["MD", "DO", "NP", "PA", "DDS", "PhD", "PharmD"];
pub(crate) const SPECIALTIES: &[&str] = &[
    "Cardiology",
    "Oncology",
    "Family Medicine",
    "Internal Medicine",
    "Pediatrics",
    "Psychiatry",
    "Dermatology",
    "Neurology",
    "Orthopedic Surgery",
    "Radiology",
    "Emergency Medicine",
    "Anesthesiology",
    "Urology",
];
pub(crate) const DOMAINS: &[&str] =
    &["mercy.org", "lakeside-clinic.com", "stmary.org", "uhealth.edu", "valley.health.net"];
pub(crate) const STATES: &[&str] = &[
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS",
    "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY",
    "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV",
    "WI", "WY", "DC",
];
pub(crate) const SOURCES: &[&str] = &["NPPES", "STATE_BOARD", "CLAIMS", "SURVEY"];
pub(crate) const CITIES: &[&str] =
    &["Springfield", "Riverside", "Franklin", "Greenville", "Bristol", "Clinton", "Fairview"];
pub(crate) const FACILITY_TYPES: &[&str] =
    &["Hospital", "Clinic", "Nursing Home", "Laboratory", "Pharmacy"];
pub(crate) const POSITIONS: &[&str] =
    &["Attending Physician", "Consultant", "Resident", "Medical Director", "Staff Nurse"];
pub(crate) const EMPLOYMENT: &[&str] = &["FULL_TIME", "PART_TIME", "CONTRACT", "LOCUM"];
