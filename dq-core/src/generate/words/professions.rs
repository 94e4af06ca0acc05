//! What providers do, and how they came to it.

/// A specialty.
#[derive(Debug)]
pub(in crate::generate) struct Specialty {
    pub(in crate::generate) name: &'static str,
    /// Its code in the Health Care Provider Taxonomy of the National Uniform Claim Committee.
    pub(in crate::generate) taxonomy_code: &'static str,
    pub(in crate::generate) training: Training,
}

/// What a specialty takes to practise it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::generate) enum Training {
    Physician,
    /// A nurse practitioner or physician assistant: the first letter of a DEA number is M.
    MidLevel,
    /// Others, who have no DEA number here.
    Other,
}

impl Training {
    pub(in crate::generate) const fn degrees(self) -> &'static [&'static str] {
        match self {
            Self::Physician => &["MD", "MD", "MD", "MD", "DO"],
            Self::MidLevel => &["NP", "PA", "DNP"],
            Self::Other => &["PhD", "PharmD", "DPT", "OD"],
        }
    }

    /// The first letters of DEA numbers.
    pub(in crate::generate) const fn dea_letters(self) -> &'static [&'static str] {
        match self {
            Self::Physician => &["A", "B", "F", "G"],
            Self::MidLevel => &["M"],
            Self::Other => &[],
        }
    }
}

const fn specialty(
    name: &'static str,
    taxonomy_code: &'static str,
    training: Training,
) -> Specialty {
    Specialty { name, taxonomy_code, training }
}

pub(in crate::generate) const GENERAL_PRACTICE: Specialty =
    specialty("General Practice", "208D00000X", Training::Physician);

/// The specialties; those at the start are chosen more often.
#[rustfmt::skip]
pub(in crate::generate) const SPECIALTIES: &[Specialty] = &[
    specialty("Family Medicine", "207Q00000X", Training::Physician),
    specialty("Internal Medicine", "207R00000X", Training::Physician),
    specialty("Pediatrics", "208000000X", Training::Physician),
    specialty("Nurse Practitioner, Family", "363LF0000X", Training::MidLevel),
    specialty("Physician Assistant", "363A00000X", Training::MidLevel),
    specialty("Emergency Medicine", "207P00000X", Training::Physician),
    specialty("Psychiatry", "2084P0800X", Training::Physician),
    specialty("Obstetrics & Gynecology", "207V00000X", Training::Physician),
    specialty("Anesthesiology", "207L00000X", Training::Physician),
    specialty("Diagnostic Radiology", "2085R0202X", Training::Physician),
    specialty("Surgery", "208600000X", Training::Physician),
    specialty("Cardiovascular Disease", "207RC0000X", Training::Physician),
    specialty("Hospitalist", "208M00000X", Training::Physician),
    specialty("Orthopaedic Surgery", "207X00000X", Training::Physician),
    specialty("Neurology", "2084N0400X", Training::Physician),
    specialty("Gastroenterology", "207RG0100X", Training::Physician),
    specialty("Dermatology", "207N00000X", Training::Physician),
    specialty("Ophthalmology", "207W00000X", Training::Physician),
    specialty("Hematology & Oncology", "207RH0003X", Training::Physician),
    specialty("Pulmonary Disease", "207RP1001X", Training::Physician),
    specialty("Nephrology", "207RN0300X", Training::Physician),
    specialty("Endocrinology, Diabetes & Metabolism", "207RE0101X", Training::Physician),
    specialty("Urology", "208800000X", Training::Physician),
    specialty("Otolaryngology", "207Y00000X", Training::Physician),
    specialty("Infectious Disease", "207RI0200X", Training::Physician),
    specialty("Rheumatology", "207RR0500X", Training::Physician),
    specialty("Physical Medicine & Rehabilitation", "208100000X", Training::Physician),
    specialty("Anatomic & Clinical Pathology", "207ZP0102X", Training::Physician),
    specialty("Geriatric Medicine", "207RG0300X", Training::Physician),
    specialty("Radiation Oncology", "2085R0001X", Training::Physician),
    specialty("Allergy & Immunology", "207K00000X", Training::Physician),
    specialty("Plastic Surgery", "208200000X", Training::Physician),
    specialty("Neurological Surgery", "207T00000X", Training::Physician),
    specialty("Vascular Surgery", "2086S0129X", Training::Physician),
    specialty("Thoracic Surgery", "208G00000X", Training::Physician),
    specialty("Colon & Rectal Surgery", "208C00000X", Training::Physician),
    specialty("Nuclear Medicine", "207U00000X", Training::Physician),
    GENERAL_PRACTICE,
    specialty("Nurse Anesthetist", "367500000X", Training::MidLevel),
    specialty("Nurse Midwife", "367A00000X", Training::MidLevel),
    specialty("Clinical Psychologist", "103TC0700X", Training::Other),
    specialty("Physical Therapist", "225100000X", Training::Other),
    specialty("Pharmacist", "183500000X", Training::Other),
    specialty("Optometrist", "152W00000X", Training::Other),
];

#[rustfmt::skip]
pub(in crate::generate) const SUB_SPECIALTIES: &[&str] = &[
    "Sports Medicine", "Palliative Care", "Sleep Medicine", "Addiction Medicine", "Critical Care",
    "Pain Medicine", "Adolescent Medicine", "Women's Health", "Telemedicine", "Clinical Informatics",
];

#[rustfmt::skip]
pub(in crate::generate) const MEDICAL_SCHOOLS: &[&str] = &[
    "Harvard Medical School", "Johns Hopkins University School of Medicine", "Stanford University School of Medicine",
    "University of California, San Francisco", "Perelman School of Medicine", "Columbia University",
    "Duke University School of Medicine", "University of Washington School of Medicine", "Yale School of Medicine",
    "University of Michigan Medical School", "University of Pittsburgh School of Medicine", "Vanderbilt University",
    "Baylor College of Medicine", "Emory University School of Medicine", "University of Texas Southwestern",
    "Ohio State University College of Medicine", "University of Wisconsin", "Indiana University School of Medicine",
    "University of Minnesota Medical School", "Mayo Clinic Alix School of Medicine", "Tulane University",
    "Howard University College of Medicine", "Meharry Medical College", "Morehouse School of Medicine",
    "University of Florida College of Medicine", "University of Colorado School of Medicine", "Oregon Health & Science University",
    "Wayne State University", "Temple University", "Drexel University", "Michigan State University",
    "Philadelphia College of Osteopathic Medicine", "Des Moines University", "A.T. Still University",
];
