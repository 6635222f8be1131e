-- Scheduled flights, with what is known at the scheduled departure: the schedule, and the weather at the airport in the hour before.
WITH flight AS (
  SELECT *, make_date(year, month, day) AS date,
    -- Of [0, 1), the same for a flight in every version of DuckDB and at every share.
    ('0x' || left(md5(concat_ws(' ', time_hour, origin, carrier, flight)), 8))::UBIGINT / 4294967296 AS draw
  FROM flights
)
SELECT
  flight.origin, dest, carrier, carrier || flight AS service, tailnum, distance,
  hour, isodow(date) AS weekday,
  -- Minutes after midnight, each by the clock of its airport.
  sched_dep_time // 100 * 60 + sched_dep_time % 100 AS departure,
  sched_arr_time // 100 * 60 + sched_arr_time % 100 AS arrival,
  temp, dewp, humid, wind_dir, wind_speed,
  -- Empty where no gust was reported.
  coalesce(wind_gust, wind_speed) AS wind_gust,
  precip, pressure, visib,
  dep_time IS NULL AS cancelled,
  arr_delay,
  CASE
    WHEN date >= getvariable('test')::DATE THEN 'test'
    WHEN date >= getvariable('validation')::DATE THEN 'validation'
    WHEN draw < getvariable('share') THEN 'train'
    ELSE 'left out'
  END AS split
FROM flight
-- The file's `time_hour` is in UTC. An hour's row holds observations up to its minute 51, so that of the flight's own hour may come after departure.
LEFT JOIN (SELECT * EXCLUDE (year, month, day, hour) FROM weather) AS air
  ON air.origin = flight.origin AND air.time_hour::TIMESTAMP = flight.time_hour::TIMESTAMP - INTERVAL 1 HOUR
