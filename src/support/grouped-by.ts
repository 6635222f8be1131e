/** Groups items by the JSON text of their key, in the order of each group's first item. */
export function groupedBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => unknown): readonly [Item, ...Item[]][] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}
