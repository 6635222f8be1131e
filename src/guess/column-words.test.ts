import { expect, test } from 'vitest';
import { type ColumnWords, columnWords } from './column-words.js';

const cases: Readonly<Record<keyof ColumnWords, readonly [yes: readonly string[], no: readonly string[]]>> = {
  outcome: [
    ['clicked', 'is_bought', 'y', 'y12', 'Label', 'subscribed', 'like', 'is_profile_enter', 'Class14'],
    ['clicks_7d', 'total_purchases', 'speed', 'is_weekend', 'yellow', 'Pclass', 'class_of_worker'],
  ],
  ambiguous: [
    ['default', 'Order', 'view'],
    ['default payment next month', 'is_default', 'long_view', 'click', 'price'],
  ],
  amount: [
    ['watch_seconds', 'dwellTime', 'rating', 'revenue', 'view_duration', 'y1'],
    ['avg_rating', 'duration', 'seconds', 'price', 'last_watch_time'],
  ],
  predicted: [
    ['price', 'SalePrice', 'arr_delay', 'salary'],
    ['avg_price', 'priced', 'delay_code', 'rating'],
  ],
  id: [
    ['user_id', 'itemId', 'userid', 'ad_ids', 'zip', 'city'],
    ['paid', 'grid', 'humidity', 'price'],
  ],
  thing: [
    ['city', 'campaign', 'Item'],
    ['item_id', 'cityid', 'sku', 'price'],
  ],
  user: [
    ['user_id', 'userId', 'Customer ID', 'member', 'user'],
    ['item_id', 'user_age', 'users_online', 'customer_segment', 'paid'],
  ],
  row: [
    ['id', 'index', 'row_id', 'rownames', 'Unnamed: 0', 'impressionId', 'event_id'],
    ['user_id', 'session_id', 'rowing'],
  ],
  calendar: [
    ['hour', 'day_of_week', 'month', 'purchase_weekday'],
    ['year', 'hourly_rate', 'holiday'],
  ],
};

test.each(Object.entries(cases))('%s', (kind, [yes, no]) => {
  const says = (name: string) => Object.entries(columnWords(name)).some(([key, value]) => key === kind && value);
  expect(yes.filter((name) => !says(name))).toEqual([]);
  expect(no.filter(says)).toEqual([]);
});
