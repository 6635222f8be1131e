/**
 * The report's only script. A click on a head sorts its table, first from the lowest value, the next time from the highest; cells without a
 * value stay last. Equal cells keep their order. What is folded opens for printing.
 */
export const sortScript = `
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.querySelectorAll('th[aria-sort]')];
  const body = table.tBodies[0];
  const keyOf = (row, column) => {
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
      const rows = [...body.rows].map((row) => ({ row, key: keyOf(row, column) }));
      rows.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
        const order = typeof a.key === 'number' ? a.key - b.key : a.key.localeCompare(b.key);
        return down ? -order : order;
      });
      body.append(...rows.map(({ row }) => row));
    });
  });
}
addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll('details')) folded.open = true;
});
`;
