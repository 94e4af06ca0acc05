-- The checks of rows of rules.yaml, those of a table in one query. The others are as in rival_postgres.sql.

-- missing/npi,missing/full_name,missing/last_name,missing/email,missing/license,missing/specialty,form/id,form/npi,form/last_name,form/email,form/phone,form/license,form/update,values/gender,values/status,values/state,values/years,values/birth_year,values/confidence,career/graduation,career/years,career/license,providers/rows
SELECT count(*) FILTER (WHERE npi_number IS NULL OR btrim(npi_number) = ''),
  count(*) FILTER (WHERE full_name IS NULL OR btrim(full_name) = ''),
  count(*) FILTER (WHERE last_name IS NULL OR btrim(last_name) = ''),
  count(*) FILTER (WHERE email IS NULL OR btrim(email) = ''),
  count(*) FILTER (WHERE license_number IS NULL OR btrim(license_number) = ''),
  count(*) FILTER (WHERE specialty_primary IS NULL OR btrim(specialty_primary) = ''),
  count(*) FILTER (WHERE provider_id !~ '^PRV-[0-9]{8}$'),
  count(*) FILTER (WHERE npi_number IS NOT NULL AND (n IS NULL
   OR (24 + n + n / 100 % 10 + n / 10000 % 10 + n / 1000000 % 10 + n / 100000000 % 10
          + n / 10 % 10 * 2 + (n / 10 % 10 > 4)::int + n / 1000 % 10 * 2 + (n / 1000 % 10 > 4)::int
          + n / 100000 % 10 * 2 + (n / 100000 % 10 > 4)::int + n / 10000000 % 10 * 2 + (n / 10000000 % 10 > 4)::int
          + n / 1000000000 * 2 + (n / 1000000000 > 4)::int) % 10 <> 0)),
  count(*) FILTER (WHERE last_name !~ '^[A-Z][A-Za-z'' -]*$'),
  count(*) FILTER (WHERE email !~ '^[a-z0-9._+-]+@[a-z0-9.-]+\.[a-z]{2,}$'),
  count(*) FILTER (WHERE phone_number !~ '^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$'),
  count(*) FILTER (WHERE license_number !~ '^[A-Z]{2}[0-9]{6}$'),
  count(*) FILTER (WHERE updated_at !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$'),
  count(*) FILTER (WHERE gender NOT IN ('M', 'F')),
  count(*) FILTER (WHERE record_status NOT IN ('ACTIVE', 'INACTIVE', 'RETIRED')),
  count(*) FILTER (WHERE license_state NOT IN ('AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA',
    'KS', 'KY', 'LA', 'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND',
    'OH', 'OK', 'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'DC')),
  count(*) FILTER (WHERE years_in_practice NOT BETWEEN 0 AND 60),
  count(*) FILTER (WHERE birth_year NOT BETWEEN 1930 AND 2005),
  count(*) FILTER (WHERE source_confidence NOT BETWEEN 0 AND 1),
  count(*) FILTER (WHERE graduation_year < birth_year + 20),
  count(*) FILTER (WHERE years_in_practice > 2026 - graduation_year),
  count(*) FILTER (WHERE record_status = 'ACTIVE' AND license_expiry_date < '2026-01-01'),
  (count(*) < 100000)::int
FROM (SELECT *, CASE WHEN npi_number ~ '^[12][0-9]{9}$' THEN npi_number::bigint END AS n FROM healthcare_providers OFFSET 0) p;

-- facilities/postal_code,facilities/beds
SELECT count(*) FILTER (WHERE postal_code !~ '^[0-9]{5}$'),
  count(*) FILTER (WHERE bed_count NOT BETWEEN 1 AND 3000)
FROM healthcare_facilities;
