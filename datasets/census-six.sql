-- Adults of Census-Income with six labels. Columns have the numbers of census-income.md; those that nearly tell a label are left out (census-six.md).
WITH person AS (
  SELECT *, true AS is_training, row_number() OVER () AS number FROM people
  UNION ALL
  SELECT *, false, row_number() OVER () FROM others
), drawn AS (
  -- Of [0, 1), by the person's line in the file.
  SELECT *, ('0x' || left(md5(number::VARCHAR), 8))::UBIGINT / 4294967296 AS draw FROM person
), labelled AS (
  -- Who has a label is drawn apart from the splits. All people of validation and test have all labels.
  SELECT *, NOT is_training OR draw >= getvariable('share') AS is_judged,
    ('0x' || left(md5('label ' || number), 8))::UBIGINT / 4294967296 AS "label draw"
  FROM drawn
)
SELECT
  if(is_judged OR "label draw" < getvariable('income-labels'), "42" = '50000+.', NULL) AS income,
  if(is_judged OR "label draw" < getvariable('education-labels'), "5" IN getvariable('college'), NULL) AS education,
  "8" = 'Never married' AS "never-married",
  if("40" > 0, "40" = 52, NULL) AS "full-year",
  if("2" IN ('Not in universe', 'Never worked', 'Without pay'), NULL, "2" = 'Private') AS private,
  "24" = 'Child 18 or older' AS "with-parents",

  "1" AS age, "3" AS "industry-code", "4" AS "occupation-code", "6" AS "wage-per-hour", "7" AS "enrolled-in-education",
  "9" AS "major-industry", "10" AS "major-occupation", "11" AS race, "12" AS "hispanic-origin", "13" AS sex,
  "14" AS "labor-union-member", "15" AS "reason-for-unemployment", "16" AS "employment-status", "17" AS "capital-gains",
  "18" AS "capital-losses", "19" AS dividends, "21" AS "previous-region", "22" AS "previous-state",
  "26" AS "migration-in-msa", "27" AS "migration-in-region", "28" AS "migration-within-region",
  "29" AS "same-house-a-year-ago", "30" AS "migration-from-sunbelt", "31" AS "persons-worked-for-employer",
  "33" AS "father-country-of-birth", "34" AS "mother-country-of-birth", "35" AS "country-of-birth", "36" AS citizenship,
  "37" AS "own-business", "38" AS "veterans-questionnaire", "39" AS "veterans-benefits", "41" AS year,

  CASE
    WHEN NOT is_training THEN if(draw < 0.5, 'validation', 'test')
    WHEN draw < getvariable('share') THEN 'train'
    -- Rows that no share up to a quarter trains on: one test set for all of these, large enough to decide.
    WHEN draw >= 0.25 AND getvariable('share') <= 0.25 THEN 'test'
    ELSE 'left out'
  END AS split
FROM labelled
WHERE "1" >= 18
