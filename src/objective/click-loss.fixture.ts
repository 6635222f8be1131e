import { two } from '../models/model-tests.fixture.js';
import { build, present } from '../models/run.fixture.js';
import { tf } from '../support/tf.js';
import { jointLoss, meansOver } from './joint-loss.js';

const tasks = two.map(({ name }) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);

/** For tests: what the loss makes of these logits (click, then conversion), with its gradient by them. */
export function lossAndGradient(
  name: string,
  given: { logits: number[][]; labels: number[][]; mask: number[][]; conversionFirst?: boolean },
  own: object = {},
) {
  const order = (rows: number[][]) => tf.tensor2d(given.conversionFirst ? rows.toReversed() : rows);
  const [click, conversion] = given.conversionFirst ? ['click_buy', 'click'] : ['click', 'click_buy'];
  const options = { levels: [], tower: [], click, conversion, ...own };
  const model = build({ model: name, shape: { tasks: two, categorical: [], numeric: ['a', 'b'] }, options });
  // Two inputs; each is a task's logit.
  const parameters = {
    'tower.logit.weight': tf.tensor3d([[[1, 0]], [[0, 1]]]),
    'tower.logit.bias': tf.zeros([2, 1, 1]),
  };
  const loss = (logits: ReturnType<typeof order>) => {
    const inputs = {
      categorical: tf.zeros([present(given.logits[0]).length, 0], 'int32'),
      numeric: logits.transpose(),
    };
    const { trained } = model.apply(parameters, inputs, { training: true, noise: {} });
    const seen = present(trained)({ labels: order(given.labels), mask: order(given.mask) });
    const { loss, tasks: losses } = jointLoss(tasks)(seen.logits, seen.labels, seen.mask, tf.ones([2]));
    const penalties = seen.rowPenalties ? meansOver(seen.rowPenalties, seen.mask).sum() : tf.scalar(0);
    return { loss: loss.add(penalties), tasks: losses };
  };
  const { value, grad } = tf.valueAndGrad((logits: ReturnType<typeof order>) => loss(logits).loss.asScalar())(
    order(given.logits),
  );
  const ofTasks = [...loss(order(given.logits)).tasks.dataSync()];
  const n = present(given.logits[0]).length;
  const gradient = [...grad.dataSync()];
  const byTask = [gradient.slice(0, n), gradient.slice(n)];
  return {
    total: present(value.dataSync()[0]),
    tasks: given.conversionFirst ? ofTasks.toReversed() : ofTasks,
    gradient: given.conversionFirst ? byTask.toReversed() : byTask,
  };
}
