import { expect, test } from 'vitest';
import { measureTransfers, TransferMeter } from './transfers.js';

test('the time of copies follows from the speed that was measured', () => {
  const meter = new TransferMeter({ callMilliseconds: 0.5, byteMilliseconds: 1e-6 }, 3_000_000);
  expect(meter.perChunkMilliseconds).toBeCloseTo(3.5);
  meter.add(1_000_000, 0);
  expect(meter.milliseconds).toBeCloseTo(1);
  meter.add(0, 2_000_000);
  expect(meter).toMatchObject({ toDeviceBytes: 1_000_000, fromDeviceBytes: 2_000_000 });
  expect(meter.milliseconds).toBeCloseTo(3.5);
});

test('the speed of copies is measured', async () => {
  const { callMilliseconds, byteMilliseconds } = await measureTransfers({ device: 'cpu', threads: 1 });
  expect(callMilliseconds).toBeGreaterThan(0);
  expect(byteMilliseconds).toBeGreaterThanOrEqual(0);
  expect(byteMilliseconds).toBeLessThan(1e-3); // a megabyte a second would be slower than any device
});
