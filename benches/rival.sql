-- The checks of rules.yaml as plain SQLite, one query per check, each giving the number of violations.

-- missing/npi
SELECT count(*) FROM healthcare_providers WHERE npi_number IS NULL OR trim(npi_number) = '';
-- missing/full_name
SELECT count(*) FROM healthcare_providers WHERE full_name IS NULL OR trim(full_name) = '';
-- missing/last_name
SELECT count(*) FROM healthcare_providers WHERE last_name IS NULL OR trim(last_name) = '';
-- missing/email
SELECT count(*) FROM healthcare_providers WHERE email IS NULL OR trim(email) = '';
-- missing/license
SELECT count(*) FROM healthcare_providers WHERE license_number IS NULL OR trim(license_number) = '';
-- missing/specialty
SELECT count(*) FROM healthcare_providers WHERE specialty_primary IS NULL OR trim(specialty_primary) = '';

-- form/id
SELECT count(*) FROM healthcare_providers
WHERE provider_id NOT GLOB 'PRV-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]';
-- form/npi
SELECT count(*) FROM (SELECT npi_number, CAST(npi_number AS INTEGER) n FROM healthcare_providers)
WHERE npi_number NOT GLOB '[12][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'
   OR (24 + n + n / 100 % 10 + n / 10000 % 10 + n / 1000000 % 10 + n / 100000000 % 10
          + n / 10 % 10 * 2 + (n / 10 % 10 > 4) + n / 1000 % 10 * 2 + (n / 1000 % 10 > 4)
          + n / 100000 % 10 * 2 + (n / 100000 % 10 > 4) + n / 10000000 % 10 * 2 + (n / 10000000 % 10 > 4)
          + n / 1000000000 * 2 + (n / 1000000000 > 4)) % 10 <> 0;
-- form/last_name
SELECT count(*) FROM healthcare_providers
WHERE NOT (last_name GLOB '[A-Z]*' AND last_name NOT GLOB '*[^A-Za-z'' -]*');
-- form/email
SELECT count(*) FROM healthcare_providers
WHERE email GLOB '*[^a-z0-9._+@-]*' OR email NOT GLOB '?*@?*.[a-z][a-z]*' OR email GLOB '*@*[^a-z0-9.-]*'
   OR NOT (email GLOB '*.[a-z][a-z]' OR email GLOB '*.[a-z][a-z][a-z]'
           OR substr(email, -3, 1) <> '.' AND substr(email, -2, 1) <> '.'
              AND rtrim(email, 'abcdefghijklmnopqrstuvwxyz') GLOB '*@?*.');
-- form/phone
SELECT count(*) FROM healthcare_providers
WHERE phone_number NOT GLOB '([0-9][0-9][0-9]) [0-9][0-9][0-9]-[0-9][0-9][0-9][0-9]';
-- form/license
SELECT count(*) FROM healthcare_providers
WHERE license_number NOT GLOB '[A-Z][A-Z][0-9][0-9][0-9][0-9][0-9][0-9]';
-- form/update
SELECT count(*) FROM healthcare_providers
WHERE updated_at NOT GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]';

-- values/gender
SELECT count(*) FROM healthcare_providers WHERE gender NOT IN ('M', 'F');
-- values/status
SELECT count(*) FROM healthcare_providers WHERE record_status NOT IN ('ACTIVE', 'INACTIVE', 'RETIRED');
-- values/state
SELECT count(*) FROM healthcare_providers
WHERE license_state NOT IN ('AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA',
    'KS', 'KY', 'LA', 'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND',
    'OH', 'OK', 'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'DC');
-- values/years
SELECT count(*) FROM healthcare_providers WHERE years_in_practice NOT BETWEEN 0 AND 60;
-- values/birth_year
SELECT count(*) FROM healthcare_providers WHERE birth_year NOT BETWEEN 1930 AND 2005;
-- values/confidence
SELECT count(*) FROM healthcare_providers WHERE source_confidence NOT BETWEEN 0 AND 1;

-- career/graduation
SELECT count(*) FROM healthcare_providers WHERE graduation_year < birth_year + 20;
-- career/years
SELECT count(*) FROM healthcare_providers WHERE years_in_practice > 2026 - graduation_year;
-- career/license
SELECT count(*) FROM healthcare_providers
WHERE record_status = 'ACTIVE' AND license_expiry_date < '2026-01-01';

-- providers/rows
SELECT count(*) < 100000 FROM healthcare_providers;
-- providers/npi_shared
SELECT coalesce(sum(n), 0)
FROM (SELECT count(*) n FROM healthcare_providers WHERE npi_number IS NOT NULL GROUP BY npi_number HAVING n > 1);
-- providers/email_shared
SELECT coalesce(sum(n), 0)
FROM (SELECT count(*) n FROM healthcare_providers WHERE trim(email) <> '' GROUP BY email HAVING n > 1);
-- providers/no_affiliation
SELECT count(*) FROM healthcare_providers
WHERE provider_id NOT IN (SELECT provider_id FROM provider_facility_affiliations);
-- providers/one_primary
SELECT (SELECT count(*) FROM healthcare_providers) - count(*)
FROM (SELECT provider_id FROM provider_facility_affiliations NOT INDEXED
      WHERE is_primary_affiliation = 1 GROUP BY provider_id HAVING count(*) = 1)
JOIN healthcare_providers USING (provider_id);

-- affiliations/provider
SELECT count(*) FROM provider_facility_affiliations
WHERE provider_id NOT IN (SELECT provider_id FROM healthcare_providers);
-- affiliations/facility
SELECT count(*) FROM provider_facility_affiliations
WHERE facility_id NOT IN (SELECT facility_id FROM healthcare_facilities);
-- affiliations/dates
SELECT count(*) FROM provider_facility_affiliations WHERE end_date < start_date;

-- facilities/postal_code
SELECT count(*) FROM healthcare_facilities WHERE postal_code NOT GLOB '[0-9][0-9][0-9][0-9][0-9]';
-- facilities/beds
SELECT count(*) FROM healthcare_facilities WHERE bed_count NOT BETWEEN 1 AND 3000;
