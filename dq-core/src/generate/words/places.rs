//! Cities of the United States: those of every state, with what goes with them.

use crate::generate::random::Random;

/// A city.
#[derive(Debug)]
pub(in crate::generate) struct Place {
    pub(in crate::generate) city: &'static str,
    pub(in crate::generate) state: &'static str,
    pub(in crate::generate) county: &'static str,
    /// A telephone area code that serves it.
    pub(in crate::generate) area_code: u16,
    /// The first three digits of its ZIP codes.
    pub(in crate::generate) zip_prefix: &'static str,
    /// How often it is chosen, about as large as it is.
    weight: u8,
}

/// All cities, each as often as it is to be chosen.
#[derive(Debug)]
pub(in crate::generate) struct Places(Vec<&'static Place>);

impl Places {
    pub(in crate::generate) fn new() -> Self {
        let weighted = |it: &'static Place| std::iter::repeat_n(it, it.weight.into());
        Self(PLACES.iter().flat_map(weighted).collect())
    }

    /// A city, in proportion to its size.
    pub(in crate::generate) fn pick(&self, random: &mut Random) -> &'static Place {
        let position = random.below(self.0.len() as u64) as usize;
        self.0.get(position).copied().unwrap_or(&FIRST)
    }
}

/// The two digits that the Centers for Medicare & Medicaid Services give to a state.
pub(in crate::generate) fn cms_state_code(state: &str) -> &'static str {
    CMS_STATE_CODES.iter().find(|(it, _)| *it == state).map_or("00", |(_, code)| code)
}

const FIRST: Place = place("Birmingham", "AL", "Jefferson", 205, "352", 3);

#[expect(clippy::too_many_arguments, reason = "a line of a table of six columns")]
const fn place(
    city: &'static str,
    state: &'static str,
    county: &'static str,
    area_code: u16,
    zip_prefix: &'static str,
    weight: u8,
) -> Place {
    Place { city, state, county, area_code, zip_prefix, weight }
}

#[rustfmt::skip]
const PLACES: &[Place] = &[
    FIRST,
    place("Montgomery", "AL", "Montgomery", 334, "361", 2),
    place("Huntsville", "AL", "Madison", 256, "358", 2),
    place("Mobile", "AL", "Mobile", 251, "366", 2),
    place("Anchorage", "AK", "Anchorage", 907, "995", 2),
    place("Fairbanks", "AK", "Fairbanks North Star", 907, "997", 1),
    place("Phoenix", "AZ", "Maricopa", 602, "850", 10),
    place("Tucson", "AZ", "Pima", 520, "857", 5),
    place("Mesa", "AZ", "Maricopa", 480, "852", 4),
    place("Flagstaff", "AZ", "Coconino", 928, "860", 1),
    place("Little Rock", "AR", "Pulaski", 501, "722", 2),
    place("Fayetteville", "AR", "Washington", 479, "727", 1),
    place("Los Angeles", "CA", "Los Angeles", 213, "900", 20),
    place("San Diego", "CA", "San Diego", 619, "921", 10),
    place("San Francisco", "CA", "San Francisco", 415, "941", 8),
    place("San Jose", "CA", "Santa Clara", 408, "951", 8),
    place("Sacramento", "CA", "Sacramento", 916, "958", 5),
    place("Fresno", "CA", "Fresno", 559, "937", 4),
    place("Oakland", "CA", "Alameda", 510, "946", 4),
    place("Long Beach", "CA", "Los Angeles", 562, "908", 4),
    place("Bakersfield", "CA", "Kern", 661, "933", 3),
    place("Denver", "CO", "Denver", 303, "802", 6),
    place("Colorado Springs", "CO", "El Paso", 719, "809", 4),
    place("Hartford", "CT", "Hartford", 860, "061", 2),
    place("New Haven", "CT", "New Haven", 203, "065", 2),
    place("Wilmington", "DE", "New Castle", 302, "198", 1),
    place("Dover", "DE", "Kent", 302, "199", 1),
    place("Washington", "DC", "District of Columbia", 202, "200", 6),
    place("Miami", "FL", "Miami-Dade", 305, "331", 8),
    place("Orlando", "FL", "Orange", 407, "328", 5),
    place("Tampa", "FL", "Hillsborough", 813, "336", 5),
    place("Jacksonville", "FL", "Duval", 904, "322", 6),
    place("Tallahassee", "FL", "Leon", 850, "323", 2),
    place("Gainesville", "FL", "Alachua", 352, "326", 2),
    place("Atlanta", "GA", "Fulton", 404, "303", 7),
    place("Savannah", "GA", "Chatham", 912, "314", 2),
    place("Augusta", "GA", "Richmond", 706, "309", 2),
    place("Macon", "GA", "Bibb", 478, "312", 1),
    place("Honolulu", "HI", "Honolulu", 808, "968", 3),
    place("Hilo", "HI", "Hawaii", 808, "967", 1),
    place("Boise", "ID", "Ada", 208, "837", 2),
    place("Idaho Falls", "ID", "Bonneville", 208, "834", 1),
    place("Chicago", "IL", "Cook", 312, "606", 16),
    place("Springfield", "IL", "Sangamon", 217, "627", 1),
    place("Peoria", "IL", "Peoria", 309, "616", 1),
    place("Rockford", "IL", "Winnebago", 815, "611", 1),
    place("Indianapolis", "IN", "Marion", 317, "462", 6),
    place("Fort Wayne", "IN", "Allen", 260, "468", 2),
    place("Evansville", "IN", "Vanderburgh", 812, "477", 1),
    place("South Bend", "IN", "St. Joseph", 574, "466", 1),
    place("Des Moines", "IA", "Polk", 515, "503", 2),
    place("Cedar Rapids", "IA", "Linn", 319, "524", 1),
    place("Iowa City", "IA", "Johnson", 319, "522", 1),
    place("Wichita", "KS", "Sedgwick", 316, "672", 3),
    place("Topeka", "KS", "Shawnee", 785, "666", 1),
    place("Louisville", "KY", "Jefferson", 502, "402", 4),
    place("Lexington", "KY", "Fayette", 859, "405", 3),
    place("New Orleans", "LA", "Orleans", 504, "701", 4),
    place("Baton Rouge", "LA", "East Baton Rouge", 225, "708", 2),
    place("Shreveport", "LA", "Caddo", 318, "711", 1),
    place("Portland", "ME", "Cumberland", 207, "041", 1),
    place("Bangor", "ME", "Penobscot", 207, "044", 1),
    place("Baltimore", "MD", "Baltimore City", 410, "212", 6),
    place("Rockville", "MD", "Montgomery", 301, "208", 2),
    place("Boston", "MA", "Suffolk", 617, "021", 9),
    place("Worcester", "MA", "Worcester", 508, "016", 2),
    place("Springfield", "MA", "Hampden", 413, "011", 2),
    place("Detroit", "MI", "Wayne", 313, "482", 6),
    place("Grand Rapids", "MI", "Kent", 616, "495", 2),
    place("Ann Arbor", "MI", "Washtenaw", 734, "481", 2),
    place("Lansing", "MI", "Ingham", 517, "489", 1),
    place("Minneapolis", "MN", "Hennepin", 612, "554", 5),
    place("Saint Paul", "MN", "Ramsey", 651, "551", 3),
    place("Rochester", "MN", "Olmsted", 507, "559", 2),
    place("Duluth", "MN", "St. Louis", 218, "558", 1),
    place("Jackson", "MS", "Hinds", 601, "392", 2),
    place("Gulfport", "MS", "Harrison", 228, "395", 1),
    place("St. Louis", "MO", "St. Louis City", 314, "631", 4),
    place("Kansas City", "MO", "Jackson", 816, "641", 4),
    place("Columbia", "MO", "Boone", 573, "652", 1),
    place("Springfield", "MO", "Greene", 417, "658", 1),
    place("Billings", "MT", "Yellowstone", 406, "591", 1),
    place("Missoula", "MT", "Missoula", 406, "598", 1),
    place("Omaha", "NE", "Douglas", 402, "681", 3),
    place("Lincoln", "NE", "Lancaster", 402, "685", 2),
    place("Las Vegas", "NV", "Clark", 702, "891", 5),
    place("Reno", "NV", "Washoe", 775, "895", 2),
    place("Manchester", "NH", "Hillsborough", 603, "031", 1),
    place("Concord", "NH", "Merrimack", 603, "033", 1),
    place("Newark", "NJ", "Essex", 973, "071", 3),
    place("Jersey City", "NJ", "Hudson", 201, "073", 3),
    place("Trenton", "NJ", "Mercer", 609, "086", 1),
    place("Camden", "NJ", "Camden", 856, "081", 1),
    place("Albuquerque", "NM", "Bernalillo", 505, "871", 4),
    place("Santa Fe", "NM", "Santa Fe", 505, "875", 1),
    place("New York", "NY", "New York", 212, "100", 20),
    place("Brooklyn", "NY", "Kings", 718, "112", 14),
    place("Buffalo", "NY", "Erie", 716, "142", 3),
    place("Rochester", "NY", "Monroe", 585, "146", 2),
    place("Syracuse", "NY", "Onondaga", 315, "132", 2),
    place("Albany", "NY", "Albany", 518, "122", 2),
    place("Charlotte", "NC", "Mecklenburg", 704, "282", 6),
    place("Raleigh", "NC", "Wake", 919, "276", 4),
    place("Durham", "NC", "Durham", 919, "277", 3),
    place("Greensboro", "NC", "Guilford", 336, "274", 2),
    place("Asheville", "NC", "Buncombe", 828, "288", 1),
    place("Fargo", "ND", "Cass", 701, "581", 1),
    place("Bismarck", "ND", "Burleigh", 701, "585", 1),
    place("Columbus", "OH", "Franklin", 614, "432", 6),
    place("Cleveland", "OH", "Cuyahoga", 216, "441", 5),
    place("Cincinnati", "OH", "Hamilton", 513, "452", 4),
    place("Toledo", "OH", "Lucas", 419, "436", 2),
    place("Dayton", "OH", "Montgomery", 937, "454", 2),
    place("Oklahoma City", "OK", "Oklahoma", 405, "731", 5),
    place("Tulsa", "OK", "Tulsa", 918, "741", 3),
    place("Portland", "OR", "Multnomah", 503, "972", 5),
    place("Eugene", "OR", "Lane", 541, "974", 1),
    place("Salem", "OR", "Marion", 503, "973", 1),
    place("Philadelphia", "PA", "Philadelphia", 215, "191", 10),
    place("Pittsburgh", "PA", "Allegheny", 412, "152", 5),
    place("Harrisburg", "PA", "Dauphin", 717, "171", 1),
    place("Scranton", "PA", "Lackawanna", 570, "185", 1),
    place("Erie", "PA", "Erie", 814, "165", 1),
    place("Providence", "RI", "Providence", 401, "029", 2),
    place("Charleston", "SC", "Charleston", 843, "294", 2),
    place("Columbia", "SC", "Richland", 803, "292", 2),
    place("Greenville", "SC", "Greenville", 864, "296", 1),
    place("Sioux Falls", "SD", "Minnehaha", 605, "571", 1),
    place("Rapid City", "SD", "Pennington", 605, "577", 1),
    place("Nashville", "TN", "Davidson", 615, "372", 5),
    place("Memphis", "TN", "Shelby", 901, "381", 4),
    place("Knoxville", "TN", "Knox", 865, "379", 2),
    place("Chattanooga", "TN", "Hamilton", 423, "374", 1),
    place("Houston", "TX", "Harris", 713, "770", 15),
    place("San Antonio", "TX", "Bexar", 210, "782", 9),
    place("Dallas", "TX", "Dallas", 214, "752", 10),
    place("Austin", "TX", "Travis", 512, "787", 6),
    place("Fort Worth", "TX", "Tarrant", 817, "761", 5),
    place("El Paso", "TX", "El Paso", 915, "799", 4),
    place("Lubbock", "TX", "Lubbock", 806, "794", 2),
    place("Salt Lake City", "UT", "Salt Lake", 801, "841", 3),
    place("Provo", "UT", "Utah", 801, "846", 1),
    place("Burlington", "VT", "Chittenden", 802, "054", 1),
    place("Rutland", "VT", "Rutland", 802, "057", 1),
    place("Richmond", "VA", "Richmond City", 804, "232", 3),
    place("Norfolk", "VA", "Norfolk City", 757, "235", 2),
    place("Roanoke", "VA", "Roanoke City", 540, "240", 1),
    place("Charlottesville", "VA", "Charlottesville City", 434, "229", 1),
    place("Seattle", "WA", "King", 206, "981", 7),
    place("Spokane", "WA", "Spokane", 509, "992", 2),
    place("Tacoma", "WA", "Pierce", 253, "984", 2),
    place("Charleston", "WV", "Kanawha", 304, "253", 1),
    place("Morgantown", "WV", "Monongalia", 304, "265", 1),
    place("Milwaukee", "WI", "Milwaukee", 414, "532", 4),
    place("Madison", "WI", "Dane", 608, "537", 2),
    place("Green Bay", "WI", "Brown", 920, "543", 1),
    place("Cheyenne", "WY", "Laramie", 307, "820", 1),
    place("Casper", "WY", "Natrona", 307, "826", 1),
];

#[rustfmt::skip]
const CMS_STATE_CODES: &[(&str, &str)] = &[
    ("AL", "01"), ("AK", "02"), ("AZ", "03"), ("AR", "04"), ("CA", "05"), ("CO", "06"), ("CT", "07"), ("DE", "08"),
    ("DC", "09"), ("FL", "10"), ("GA", "11"), ("HI", "12"), ("ID", "13"), ("IL", "14"), ("IN", "15"), ("IA", "16"),
    ("KS", "17"), ("KY", "18"), ("LA", "19"), ("ME", "20"), ("MD", "21"), ("MA", "22"), ("MI", "23"), ("MN", "24"),
    ("MS", "25"), ("MO", "26"), ("MT", "27"), ("NE", "28"), ("NV", "29"), ("NH", "30"), ("NJ", "31"), ("NM", "32"),
    ("NY", "33"), ("NC", "34"), ("ND", "35"), ("OH", "36"), ("OK", "37"), ("OR", "38"), ("PA", "39"), ("RI", "41"),
    ("SC", "42"), ("SD", "43"), ("TN", "44"), ("TX", "45"), ("UT", "46"), ("VT", "47"), ("VA", "49"), ("WA", "50"),
    ("WV", "51"), ("WI", "52"), ("WY", "53"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_city_and_a_code() {
        let mut states: Vec<_> = PLACES.iter().map(|it| it.state).collect();
        states.sort_unstable();
        states.dedup();
        assert_eq!(states.len(), 51, "fifty states and the District of Columbia");
        assert!(states.iter().all(|it| cms_state_code(it) != "00"));
    }
}
