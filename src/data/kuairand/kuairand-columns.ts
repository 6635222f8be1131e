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
  ...Object.fromEntries(Array.from({ length: 18 }, (_, index) => [`onehot_feat${index}`, 'categorical' as const])),
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
