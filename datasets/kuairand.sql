-- Impressions with the features of their user and their video. Who has none has missing values.
WITH log AS (
  SELECT *, 1 AS period FROM earlier
  UNION ALL BY NAME
  SELECT *, 2 AS period FROM later
), cut AS (
  SELECT quantile_disc(time_ms, 1 - getvariable('share')) AS time_ms FROM earlier
)
SELECT
  user_id, video_id, tab, duration_ms,
  is_click, is_like, is_follow, is_comment, is_forward, is_hate, long_view, is_profile_enter,
  play_time_ms, profile_stay_time, comment_stay_time,
  hourmin // 100 AS hour,
  CASE getvariable('validation')
    WHEN 'share' THEN
      CASE WHEN period = 2 THEN 'test' WHEN log.time_ms > cut.time_ms THEN 'validation' ELSE 'train' END
    WHEN 'next-week' THEN
      CASE WHEN period = 1 THEN 'train' WHEN date <= 20220428 THEN 'validation' ELSE 'test' END
    WHEN 'last-days' THEN
      CASE
        WHEN is_rand = 1 THEN error('last-days trains on days of both periods, so later is the standard log alone')
        WHEN date = 20220508 THEN 'test'
        WHEN date = 20220507 THEN 'validation'
        ELSE 'train'
      END
    ELSE error('the variable validation is share, next-week or last-days')
  END AS split,
  users.* EXCLUDE (user_id),
  -- Not visible_status, the state at publication, nor video_duration, which is duration_ms. A tag is a text, also where
  -- no video of the file has several.
  videos.* EXCLUDE (video_id, visible_status, video_duration) REPLACE (tag::VARCHAR AS tag)
FROM log CROSS JOIN cut
LEFT JOIN users USING (user_id)
LEFT JOIN videos USING (video_id)
-- Two rows of one key would double its impressions.
WHERE if((SELECT count(user_id) > count(DISTINCT user_id) FROM users), error('users has two rows of one user_id'), true)
  AND if((SELECT count(video_id) > count(DISTINCT video_id) FROM videos), error('videos has two rows of one video_id'), true)
