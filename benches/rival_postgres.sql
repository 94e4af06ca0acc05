-- The checks of rules.yaml as plain PostgreSQL, one query per check, each giving the number of violations.

-- missing/npi
SELECT count(*) FROM healthcare_providers
WHERE npi_number IS NULL OR btrim(npi_number) = '';

-- missing/full_name
SELECT count(*) FROM healthcare_providers
WHERE full_name IS NULL OR btrim(full_name) = '';

-- missing/last_name
SELECT count(*) FROM healthcare_providers
WHERE last_name IS NULL OR btrim(last_name) = '';

-- missing/email
SELECT count(*) FROM healthcare_providers
WHERE email IS NULL OR btrim(email) = '';

-- missing/license
SELECT count(*) FROM healthcare_providers
WHERE license_number IS NULL OR btrim(license_number) = '';

-- missing/specialty
SELECT count(*) FROM healthcare_providers
WHERE specialty_primary IS NULL OR btrim(specialty_primary) = '';

-- form/id
SELECT count(*) FROM healthcare_providers
WHERE provider_id !~ '^PRV-[0-9]{8}$';

-- form/npi
SELECT count(*) FROM (SELECT *, CASE WHEN npi_number ~ '^[12][0-9]{9}$' THEN npi_number::bigint END AS n FROM healthcare_providers OFFSET 0) p
WHERE npi_number IS NOT NULL AND (n IS NULL
   OR (24 + n + n / 100 % 10 + n / 10000 % 10 + n / 1000000 % 10 + n / 100000000 % 10
          + n / 10 % 10 * 2 + (n / 10 % 10 > 4)::int + n / 1000 % 10 * 2 + (n / 1000 % 10 > 4)::int
          + n / 100000 % 10 * 2 + (n / 100000 % 10 > 4)::int + n / 10000000 % 10 * 2 + (n / 10000000 % 10 > 4)::int
          + n / 1000000000 * 2 + (n / 1000000000 > 4)::int) % 10 <> 0);

-- form/last_name
SELECT count(*) FROM healthcare_providers
WHERE last_name !~ '^[A-Z][A-Za-z'' -]*$';

-- form/email
SELECT count(*) FROM healthcare_providers
WHERE email !~ '^[a-z0-9._+-]+@[a-z0-9.-]+\.[a-z]{2,}$';

-- form/phone
SELECT count(*) FROM healthcare_providers
WHERE phone_number !~ '^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$';

-- form/license
SELECT count(*) FROM healthcare_providers
WHERE license_number !~ '^[A-Z]{2}[0-9]{6}$';

-- form/update
SELECT count(*) FROM healthcare_providers
WHERE updated_at !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$';

-- values/gender
SELECT count(*) FROM healthcare_providers
WHERE gender NOT IN ('M', 'F');

-- values/status
SELECT count(*) FROM healthcare_providers
WHERE record_status NOT IN ('ACTIVE', 'INACTIVE', 'RETIRED');

-- values/state
SELECT count(*) FROM healthcare_providers
WHERE license_state NOT IN ('AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA',
    'KS', 'KY', 'LA', 'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND',
    'OH', 'OK', 'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'DC');

-- values/years
SELECT count(*) FROM healthcare_providers
WHERE years_in_practice NOT BETWEEN 0 AND 60;

-- values/birth_year
SELECT count(*) FROM healthcare_providers
WHERE birth_year NOT BETWEEN 1930 AND 2005;

-- values/confidence
SELECT count(*) FROM healthcare_providers
WHERE source_confidence NOT BETWEEN 0 AND 1;

-- career/graduation
SELECT count(*) FROM healthcare_providers
WHERE graduation_year < birth_year + 20;

-- career/years
SELECT count(*) FROM healthcare_providers
WHERE years_in_practice > 2026 - graduation_year;

-- career/license
SELECT count(*) FROM healthcare_providers
WHERE record_status = 'ACTIVE' AND license_expiry_date < '2026-01-01';

-- providers/rows
SELECT (count(*) < 100000)::int FROM healthcare_providers;

-- providers/npi_shared
SELECT coalesce(sum(n), 0)
FROM (SELECT count(*) n FROM healthcare_providers WHERE npi_number IS NOT NULL GROUP BY npi_number HAVING count(*) > 1) d;

-- providers/email_shared
SELECT coalesce(sum(n), 0)
FROM (SELECT count(*) n FROM healthcare_providers WHERE btrim(email) <> '' GROUP BY email HAVING count(*) > 1) d;

-- providers/no_affiliation
SELECT count(*) FROM healthcare_providers p
WHERE NOT EXISTS (SELECT FROM provider_facility_affiliations a WHERE a.provider_id = p.provider_id);

-- providers/one_primary
SELECT count(*) FROM healthcare_providers
LEFT JOIN (SELECT provider_id, count(*) n FROM provider_facility_affiliations WHERE is_primary_affiliation = 1 GROUP BY provider_id) a
USING (provider_id) WHERE n IS DISTINCT FROM 1;

-- affiliations/provider
SELECT count(*) FROM provider_facility_affiliations a LEFT JOIN healthcare_providers p USING (provider_id) WHERE p.provider_id IS NULL;

-- affiliations/facility
SELECT count(*) FROM provider_facility_affiliations a LEFT JOIN healthcare_facilities f USING (facility_id) WHERE f.facility_id IS NULL;

-- affiliations/dates
SELECT count(*) FROM provider_facility_affiliations WHERE end_date < start_date;

-- facilities/postal_code
SELECT count(*) FROM healthcare_facilities WHERE postal_code !~ '^[0-9]{5}$';

-- facilities/beds
SELECT count(*) FROM healthcare_facilities WHERE bed_count NOT BETWEEN 1 AND 3000;
