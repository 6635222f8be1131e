import { pointText } from '../../comparison/plan/axis-point.js';
import { shared } from '../../models/options.js';
import { groupedBy } from '../../support/json.js';
import { joined } from '../../support/text.js';
import { section } from './chart.js';
import type { Charted } from './gains.js';
import { area, type Mark, type Plot, words } from './plot.js';

/** Use of experts (PLE Fig. 8): for each level of a model's gates a heat map of their mean weights over the test rows. */
export function expertUse({ comparison, look, runs }: Charted) {
  const plots = comparison.models.flatMap((compared) => {
    const { label, point } = compared;
    const { model } = look(label);
    const gates = runs(compared)[0]?.gates.filter(({ experts }) => experts.length > 1) ?? [];
    return groupedBy(gates, ({ level }) => level).map((ofLevel): Plot => {
      const experts = [...new Set(ofLevel.flatMap(({ experts }) => experts))];
      const isShared = (name: string) => Number(name.startsWith(`${shared}/`));
      const names = experts.toSorted((a, b) => isShared(a) - isShared(b));
      const marks = ofLevel.flatMap(({ gate, experts, mean }, y) =>
        mean.flatMap((weight, index): Mark[] => {
          const name = experts[index] ?? '';
          const x = names.indexOf(name);
          const text = names.length > 12 ? '' : weight.toFixed(2).replace(/^0/, '');
          const tip = [label, `gate ${gate} gives ${weight.toFixed(3)} to expert ${name}`];
          return [
            area([x, x], [y, y], { colour: 'heat', opacity: weight, model, tip }),
            words(text, [x, y], { colour: weight > 0.55 ? 'page' : 'ink', model }),
          ];
        }),
      );
      const title = joined(
        ', ',
        label,
        ofLevel.length < gates.length ? `level ${ofLevel[0].level}` : '',
        pointText(point),
      );
      return { title, height: 26 * ofLevel.length, x: { names }, y: { names: ofLevel.map(({ gate }) => gate) }, marks };
    });
  });
  return section({
    id: 'experts',
    title: 'Use of experts',
    note: 'A row is a gate, a column an expert. The number is the mean weight over the test rows under the first seed: under another seed the same number is another expert.',
    key: [],
    size: 'medium',
    charts: [{ plots }],
  });
}
