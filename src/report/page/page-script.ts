/**
 * The report's only script. Without it, the page still has all content except the values of points.
 *
 * - A click on a head sorts its table, first from the lowest value, then from the highest. Cells without a value stay
 *   last. Equal cells keep their order.
 * - A mark with `data-tip` shows it under the pointer. With the keyboard, a chart is one tab stop, and the arrow keys
 *   go from mark to mark.
 * - A button with `data-model` hides the marks of this model in all charts. Under the pointer or with the focus, it
 *   highlights them.
 * - Folded findings open for printing; configs stay folded.
 */
export const pageScript = `
const tip = document.getElementById('tip');
let shown;
let place;
const hide = () => {
  shown?.classList.remove('shown');
  shown = place = undefined;
  tip.hidden = true;
};
const show = (mark, x, y) => {
  if (mark !== shown) {
    hide();
    shown = mark;
    mark.classList.add('shown');
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
  }
  const { width, height } = tip.getBoundingClientRect();
  const [right, bottom] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
  tip.style.left = Math.max(4, x + 14 + width > right ? x - 14 - width : x + 14) + 'px';
  tip.style.top = Math.max(4, y + 14 + height > bottom ? y - 10 - height : y + 14) + 'px';
};
const follow = (event) => {
  const mark = event.target.closest?.('[data-tip]:not(.off)');
  if (mark) show(mark, event.clientX, event.clientY);
  else hide();
};
for (const type of ['pointerover', 'pointermove', 'pointerdown']) addEventListener(type, follow);
document.documentElement.addEventListener('pointerleave', hide);
addEventListener('scroll', () => place?.());

for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.querySelectorAll('th[aria-sort]')];
  const body = table.tBodies[0];
  const sortKey = (row, column) => {
    const cell = row.cells[column];
    const value = cell.dataset.value;
    if (value === undefined) return cell.textContent;
    return value === '' ? null : Number(value);
  };
  heads.forEach((head, column) => {
    head.firstElementChild.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...body.rows].map((row) => ({ row, key: sortKey(row, column) }));
      rows.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
        const order = typeof a.key === 'number' ? a.key - b.key : a.key.localeCompare(b.key);
        return down ? -order : order;
      });
      body.append(...rows.map(({ row }) => row));
    });
  });
}

for (const chart of document.querySelectorAll('svg[role="img"]')) {
  if (!chart.querySelector('[data-tip]')) continue;
  let at = 0;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const showAt = () => {
    const marks = [...chart.querySelectorAll('[data-tip]:not(.off)')];
    if (marks.length === 0) return hide();
    at = (at + marks.length) % marks.length;
    const box = marks[at].getBoundingClientRect();
    show(marks[at], box.right, box.bottom);
    place = showAt;
  };
  chart.setAttribute('tabindex', '0');
  chart.addEventListener('focus', () => chart.matches(':focus-visible') && showAt());
  chart.addEventListener('blur', hide);
  chart.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide();
    if (!(event.key in steps)) return;
    event.preventDefault();
    at += steps[event.key];
    showAt();
  });
}

for (const button of document.querySelectorAll('button[data-model]')) {
  const marks = (own) =>
    [...document.querySelectorAll('figure [data-model]')].filter(({ dataset }) => (dataset.model === button.dataset.model) === own);
  button.addEventListener('click', () => {
    const off = button.getAttribute('aria-pressed') === 'true';
    button.setAttribute('aria-pressed', String(!off));
    for (const mark of marks(true)) mark.classList.toggle('off', off);
  });
  const find = (found) => {
    for (const mark of marks(false)) mark.classList.toggle('dim', found && button.getAttribute('aria-pressed') === 'true');
  };
  for (const type of ['pointerenter', 'focus']) button.addEventListener(type, () => find(true));
  for (const type of ['pointerleave', 'blur', 'click']) button.addEventListener(type, () => find(false));
}

addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll('header details')) folded.open = true;
});
`;
