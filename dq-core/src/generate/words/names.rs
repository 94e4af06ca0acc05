//! First and last names that are common in the United States.

/// First names with the gender that they go with, the more common ones first.
#[rustfmt::skip]
pub(in crate::generate) const FIRST_NAMES: &[(&str, Gender)] = &[
    ("Mary", Gender::Female), ("James", Gender::Male), ("Patricia", Gender::Female),
    ("Robert", Gender::Male), ("Jennifer", Gender::Female), ("John", Gender::Male),
    ("Linda", Gender::Female), ("Michael", Gender::Male), ("Elizabeth", Gender::Female),
    ("David", Gender::Male), ("Barbara", Gender::Female), ("William", Gender::Male),
    ("Susan", Gender::Female), ("Richard", Gender::Male), ("Jessica", Gender::Female),
    ("Joseph", Gender::Male), ("Sarah", Gender::Female), ("Thomas", Gender::Male),
    ("Karen", Gender::Female), ("Christopher", Gender::Male), ("Lisa", Gender::Female),
    ("Charles", Gender::Male), ("Nancy", Gender::Female), ("Daniel", Gender::Male),
    ("Sandra", Gender::Female), ("Matthew", Gender::Male), ("Betty", Gender::Female),
    ("Anthony", Gender::Male), ("Ashley", Gender::Female), ("Mark", Gender::Male),
    ("Emily", Gender::Female), ("Donald", Gender::Male), ("Kimberly", Gender::Female),
    ("Steven", Gender::Male), ("Margaret", Gender::Female), ("Andrew", Gender::Male),
    ("Donna", Gender::Female), ("Paul", Gender::Male), ("Michelle", Gender::Female),
    ("Joshua", Gender::Male), ("Carol", Gender::Female), ("Kenneth", Gender::Male),
    ("Amanda", Gender::Female), ("Kevin", Gender::Male), ("Melissa", Gender::Female),
    ("Brian", Gender::Male), ("Deborah", Gender::Female), ("George", Gender::Male),
    ("Stephanie", Gender::Female), ("Timothy", Gender::Male), ("Rebecca", Gender::Female),
    ("Ronald", Gender::Male), ("Sharon", Gender::Female), ("Jason", Gender::Male),
    ("Laura", Gender::Female), ("Edward", Gender::Male), ("Cynthia", Gender::Female),
    ("Jeffrey", Gender::Male), ("Dorothy", Gender::Female), ("Ryan", Gender::Male),
    ("Amy", Gender::Female), ("Jacob", Gender::Male), ("Kathleen", Gender::Female),
    ("Gary", Gender::Male), ("Angela", Gender::Female), ("Nicholas", Gender::Male),
    ("Shirley", Gender::Female), ("Eric", Gender::Male), ("Emma", Gender::Female),
    ("Jonathan", Gender::Male), ("Brenda", Gender::Female), ("Stephen", Gender::Male),
    ("Pamela", Gender::Female), ("Larry", Gender::Male), ("Nicole", Gender::Female),
    ("Justin", Gender::Male), ("Anna", Gender::Female), ("Scott", Gender::Male),
    ("Samantha", Gender::Female), ("Brandon", Gender::Male), ("Katherine", Gender::Female),
    ("Benjamin", Gender::Male), ("Christine", Gender::Female), ("Samuel", Gender::Male),
    ("Helen", Gender::Female), ("Gregory", Gender::Male), ("Debra", Gender::Female),
    ("Alexander", Gender::Male), ("Rachel", Gender::Female), ("Patrick", Gender::Male),
    ("Carolyn", Gender::Female), ("Frank", Gender::Male), ("Janet", Gender::Female),
    ("Raymond", Gender::Male), ("Maria", Gender::Female), ("Jack", Gender::Male),
    ("Catherine", Gender::Female), ("Dennis", Gender::Male), ("Heather", Gender::Female),
    ("Jerry", Gender::Male), ("Diane", Gender::Female), ("Tyler", Gender::Male),
    ("Olivia", Gender::Female), ("Aaron", Gender::Male), ("Julie", Gender::Female),
    ("Jose", Gender::Male), ("Joyce", Gender::Female), ("Adam", Gender::Male),
    ("Victoria", Gender::Female), ("Nathan", Gender::Male), ("Ruth", Gender::Female),
    ("Henry", Gender::Male), ("Virginia", Gender::Female), ("Zachary", Gender::Male),
    ("Lauren", Gender::Female), ("Douglas", Gender::Male), ("Kelly", Gender::Female),
    ("Peter", Gender::Male), ("Christina", Gender::Female), ("Kyle", Gender::Male),
    ("Joan", Gender::Female), ("Noah", Gender::Male), ("Evelyn", Gender::Female),
    ("Ethan", Gender::Male), ("Judith", Gender::Female), ("Jeremy", Gender::Male),
    ("Andrea", Gender::Female), ("Christian", Gender::Male), ("Hannah", Gender::Female),
    ("Walter", Gender::Male), ("Megan", Gender::Female), ("Keith", Gender::Male),
    ("Cheryl", Gender::Female), ("Austin", Gender::Male), ("Jacqueline", Gender::Female),
    ("Roger", Gender::Male), ("Martha", Gender::Female), ("Terry", Gender::Male),
    ("Madison", Gender::Female), ("Sean", Gender::Male), ("Teresa", Gender::Female),
    ("Gerald", Gender::Male), ("Gloria", Gender::Female), ("Carl", Gender::Male),
    ("Sara", Gender::Female), ("Dylan", Gender::Male), ("Janice", Gender::Female),
    ("Harold", Gender::Male), ("Ann", Gender::Female), ("Jordan", Gender::Male),
    ("Kathryn", Gender::Female), ("Jesse", Gender::Male), ("Abigail", Gender::Female),
    ("Bryan", Gender::Male), ("Sophia", Gender::Female), ("Lawrence", Gender::Male),
    ("Frances", Gender::Female), ("Arthur", Gender::Male), ("Jean", Gender::Female),
    ("Gabriel", Gender::Male), ("Alice", Gender::Female), ("Bruce", Gender::Male),
    ("Judy", Gender::Female), ("Logan", Gender::Male), ("Isabella", Gender::Female),
    ("Billy", Gender::Male), ("Julia", Gender::Female), ("Joe", Gender::Male),
    ("Grace", Gender::Female), ("Alan", Gender::Male), ("Amber", Gender::Female),
    ("Juan", Gender::Male), ("Denise", Gender::Female), ("Elijah", Gender::Male),
    ("Danielle", Gender::Female), ("Willie", Gender::Male), ("Marilyn", Gender::Female),
    ("Albert", Gender::Male), ("Beverly", Gender::Female), ("Wayne", Gender::Male),
    ("Charlotte", Gender::Female), ("Randy", Gender::Male), ("Natalie", Gender::Female),
    ("Mason", Gender::Male), ("Theresa", Gender::Female), ("Vincent", Gender::Male),
    ("Diana", Gender::Female), ("Liam", Gender::Male), ("Brittany", Gender::Female),
    ("Roy", Gender::Male), ("Priya", Gender::Female), ("Bobby", Gender::Male),
    ("Mei", Gender::Female), ("Caleb", Gender::Male), ("Fatima", Gender::Female),
    ("Bradley", Gender::Male), ("Guadalupe", Gender::Female), ("Rahul", Gender::Male),
    ("Xiomara", Gender::Female), ("Wei", Gender::Male), ("Aisha", Gender::Female),
    ("Omar", Gender::Male), ("Yuki", Gender::Female), ("Diego", Gender::Male),
    ("Ingrid", Gender::Female), ("Hiroshi", Gender::Male),
];

/// Last names, the more common ones first.
#[rustfmt::skip]
pub(in crate::generate) const LAST_NAMES: &[&str] = &[
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez",
    "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore",
    "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark",
    "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott", "Torres",
    "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", "Rivera", "Campbell",
    "Mitchell", "Carter", "Roberts", "Gomez", "Phillips", "Evans", "Turner", "Diaz", "Parker",
    "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris", "Morales", "Murphy", "Cook",
    "Rogers", "Gutierrez", "Ortiz", "Morgan", "Cooper", "Peterson", "Bailey", "Reed", "Kelly",
    "Howard", "Ramos", "Kim", "Cox", "Ward", "Richardson", "Watson", "Brooks", "Chavez", "Wood",
    "Bennett", "Gray", "Mendoza", "Ruiz", "Hughes", "Price", "Alvarez", "Castillo", "Sanders",
    "Patel", "Myers", "Long", "Ross", "Foster", "Jimenez", "Powell", "Jenkins", "Perry", "Russell",
    "Sullivan", "Bell", "Coleman", "Butler", "Henderson", "Barnes", "Gonzales", "Fisher", "Vasquez",
    "Simmons", "Romero", "Jordan", "Patterson", "Alexander", "Hamilton", "Graham", "Reynolds",
    "Griffin", "Wallace", "Moreno", "West", "Cole", "Hayes", "Bryant", "Herrera", "Gibson", "Ellis",
    "Tran", "Medina", "Aguilar", "Stevens", "Murray", "Ford", "Castro", "Marshall", "Owens",
    "Harrison", "Fernandez", "Mcdonald", "Woods", "Washington", "Kennedy", "Wells", "Vargas",
    "Henry", "Chen", "Freeman", "Webb", "Tucker", "Guzman", "Burns", "Crawford", "Olson", "Simpson",
    "Porter", "Hunter", "Gordon", "Mendez", "Silva", "Shaw", "Snyder", "Mason", "Dixon", "Munoz",
    "Hunt", "Hicks", "Holmes", "Palmer", "Wagner", "Black", "Robertson", "Boyd", "Rose", "Stone",
    "Salazar", "Fox", "Warren", "Mills", "Meyer", "Rice", "Schmidt", "Garza", "Daniels", "Ferguson",
    "Nichols", "Stephens", "Soto", "Weaver", "Ryan", "Gardner", "Payne", "Grant", "Dunn", "Kelley",
    "Spencer", "Hawkins", "Arnold", "Pierce", "Hansen", "Peters", "Santos", "Hart", "Bradley",
    "Knight", "Elliott", "Cunningham", "Duncan", "Armstrong", "Hudson", "Carroll", "Lane", "Riley",
    "Andrews", "Alvarado", "Ray", "Delgado", "Berry", "Perkins", "Hoffman", "Johnston", "Matthews",
    "Pena", "Richards", "Contreras", "Willis", "Carpenter", "Lawrence", "Sandoval", "Guerrero",
    "George", "Chapman", "Rios", "Estrada", "Ortega", "Watkins", "Greene", "Nunez", "Wheeler",
    "Valdez", "Harper", "Burke", "Larson", "Santiago", "Maldonado", "Morrison", "Franklin",
    "Carlson", "Austin", "Dominguez", "Carr", "Lawson", "Jacobs", "O'Brien", "Lynch", "Singh",
    "Vega", "Bishop", "Montgomery", "Oliver", "Jensen", "Harvey", "Williamson", "Gilbert", "Dean",
    "Sims", "Espinoza", "Howell", "Li", "Wong", "Reid", "Hanson", "Le", "Mccoy", "Garrett",
    "Burton", "Fuller", "Wang", "Weber", "Welch", "Rojas", "Lucas", "Marquez", "Fields", "Park",
    "Yang", "Little", "Banks", "Padilla", "Day", "Walsh", "Bowman", "Schultz", "Luna", "Fowler",
    "Mejia", "Okafor", "Yamamoto", "Kowalski", "Haddad", "Shah", "Khan", "Cohen", "Rossi",
    "Fischer", "Petrov", "Larsen", "O'Connor", "Van Dyke", "Smith-Jones", "St. Clair", "Abdi",
    "Mensah", "Castellanos", "Nakamura",
];

/// A gender, as the table spells it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::generate) enum Gender {
    Female,
    Male,
}

impl Gender {
    pub(in crate::generate) const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "Female",
            Self::Male => "Male",
        }
    }
}

/// A name: its parts. Every number below [`Names::count`] is another one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::generate) struct Name {
    pub(in crate::generate) first: &'static str,
    /// One letter.
    pub(in crate::generate) middle: &'static str,
    pub(in crate::generate) last: &'static str,
    pub(in crate::generate) gender: Gender,
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// How many middle initials go with a last name: the more common it is, the more often it is chosen,
/// and the more initials tell its bearers apart. The bounds are ranks of last names.
const INITIALS: [(usize, usize); 3] = [(40, 26), (120, 13), (usize::MAX, 5)];

/// All names, by their numbers.
#[derive(Debug)]
pub(in crate::generate) struct Names {
    /// For each last name, how many pairs of a last name and an initial come before it.
    starts: Vec<usize>,
    /// How many such pairs there are.
    pairs: usize,
}

fn initials(rank: usize) -> usize {
    INITIALS.iter().find(|(below, _)| rank < *below).map_or(1, |(_, initials)| *initials)
}

impl Names {
    pub(in crate::generate) fn new() -> Self {
        let mut pairs = 0;
        let start = |rank| {
            let start = pairs;
            pairs += initials(rank);
            start
        };
        let starts = (0..LAST_NAMES.len()).map(start).collect();
        Self { starts, pairs }
    }

    /// How many different names there are.
    pub(in crate::generate) fn count(&self) -> u64 {
        (FIRST_NAMES.len() * self.pairs) as u64
    }

    /// The name of this number.
    pub(in crate::generate) fn name(&self, number: u64) -> Name {
        let (first, gender) = FIRST_NAMES
            .get((number % FIRST_NAMES.len() as u64) as usize)
            .copied()
            .unwrap_or(("Mary", Gender::Female));
        let pair = (number / FIRST_NAMES.len() as u64) as usize;
        let rank = self.starts.partition_point(|it| *it <= pair).saturating_sub(1);
        let rest = pair - self.starts.get(rank).copied().unwrap_or_default();
        let last = LAST_NAMES.get(rank).copied().unwrap_or_default();
        // Spread over the alphabet, and another one for each last name.
        let letter = (rest * 5 + rank) % 26;
        let middle = ALPHABET.get(letter..=letter).unwrap_or_default();
        Name { first, middle, last, gender }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_differ() {
        let names = Names::new();
        let all: HashSet<_> = (0..names.count()).map(|it| names.name(it)).collect();
        assert_eq!(all.len() as u64, names.count());
        assert_eq!(FIRST_NAMES.iter().collect::<HashSet<_>>().len(), FIRST_NAMES.len());
        assert_eq!(LAST_NAMES.iter().collect::<HashSet<_>>().len(), LAST_NAMES.len());
    }

    #[test]
    fn no_name_says_that_it_is_made_up() {
        for word in FIRST_NAMES.iter().map(|it| it.0).chain(LAST_NAMES.iter().copied()) {
            assert!(!["Test", "Dummy", "Sample", "Example", "Fake"].contains(&word));
        }
    }
}
