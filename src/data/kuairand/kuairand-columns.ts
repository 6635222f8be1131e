/** A user's feedback on an impression. None of it is known before the impression. */
export const signals = [
  ...(['is_click', 'is_like', 'is_follow', 'is_comment', 'is_forward', 'is_hate', 'long_view'] as const),
  ...(['play_time_ms', 'profile_stay_time', 'comment_stay_time', 'is_profile_enter'] as const),
] as const;
type Signal = (typeof signals)[number];
export const durations: readonly Signal[] = ['play_time_ms', 'profile_stay_time', 'comment_stay_time'];

const tags = { kind: 'list', separator: ',' } as const;
type Kind = 'categorical' | 'numeric' | typeof tags;
type Kinds = Readonly<Record<string, Kind>>;

/** Inputs from the log itself; `hour` is made of `hourmin`. */
export const impressionInputs: Kinds = {
  user_id: 'categorical',
  video_id: 'categorical',
  tab: 'categorical',
  hour: 'categorical',
  duration_ms: 'numeric',
};

export const userInputs: Kinds = {
  user_active_degree: 'categorical',
  is_lowactive_period: 'categorical',
  is_live_streamer: 'categorical',
  is_video_author: 'categorical',
  follow_user_num: 'numeric',
  follow_user_num_range: 'categorical',
  fans_user_num: 'numeric',
  fans_user_num_range: 'categorical',
  friend_user_num: 'numeric',
  friend_user_num_range: 'categorical',
  register_days: 'numeric',
  register_days_range: 'categorical',
  ...allOf(
    Array.from({ length: 18 }, (_, index) => `onehot_feat${index}`),
    'categorical',
  ),
};

/**
 * Without `visible_status`, which was taken when the data were published, and `video_duration`, which the log has as
 * `duration_ms`.
 */
export const videoInputs: Kinds = {
  author_id: 'categorical',
  video_type: 'categorical',
  upload_dt: 'categorical',
  upload_type: 'categorical',
  server_width: 'numeric',
  server_height: 'numeric',
  music_id: 'categorical',
  music_type: 'categorical',
  tag: tags,
};

/** Of a video's statistics: means over the month that the logs cover, the test's weeks included. */
export const statisticColumns: readonly string[] = [
  ...['counts', 'show_cnt', 'show_user_num', 'play_cnt', 'play_user_num', 'play_duration', 'complete_play_cnt'],
  ...['complete_play_user_num', 'valid_play_cnt', 'valid_play_user_num', 'long_time_play_cnt'],
  ...['long_time_play_user_num', 'short_time_play_cnt', 'short_time_play_user_num', 'play_progress'],
  ...['comment_stay_duration', 'like_cnt', 'like_user_num', 'click_like_cnt', 'double_click_cnt', 'cancel_like_cnt'],
  ...['cancel_like_user_num', 'comment_cnt', 'comment_user_num', 'direct_comment_cnt', 'reply_comment_cnt'],
  ...['delete_comment_cnt', 'delete_comment_user_num', 'comment_like_cnt', 'comment_like_user_num', 'follow_cnt'],
  ...['follow_user_num', 'cancel_follow_cnt', 'cancel_follow_user_num', 'share_cnt', 'share_user_num'],
  ...['download_cnt', 'download_user_num', 'report_cnt', 'report_user_num', 'reduce_similar_cnt'],
  ...['reduce_similar_user_num', 'collect_cnt', 'collect_user_num', 'cancel_collect_cnt'],
  ...['cancel_collect_user_num', 'direct_comment_user_num', 'reply_comment_user_num', 'share_all_cnt'],
  ...['share_all_user_num', 'outsite_share_all_cnt'], // spelt as published
];
/** A user has a `follow_user_num`, too. */
export const statisticPrefix = 'video_';
export const statisticInputs = allOf(
  statisticColumns.map((name) => `${statisticPrefix}${name}`),
  'numeric',
);

function allOf(names: readonly string[], kind: Kind): Kinds {
  return Object.fromEntries(names.map((name) => [name, kind]));
}
