// What the page does beyond being read: tables that sort, and charts that tell the figures of a day.

const cellValue = (row, index) => {
  const cell = row.cells[index];
  return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
};

const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

function sortBy(heading) {
  const table = heading.closest('table');
  const rows = [...table.tBodies[0].rows];
  const direction = heading.getAttribute('aria-sort') === 'descending' ? 'ascending' : 'descending';
  for (const other of heading.parentElement.cells) other.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', direction);
  const sign = direction === 'ascending' ? 1 : -1;
  const index = heading.cellIndex;
  rows.sort((one, other) => sign * compare(cellValue(one, index), cellValue(other, index)));
  table.tBodies[0].append(...rows);
}

for (const heading of document.querySelectorAll('table.sortable thead th')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...heading.childNodes);
  button.addEventListener('click', () => sortBy(heading));
  heading.append(button);
}

const dayText = (start, index) =>
  new Date(Date.parse(start) + index * 86_400_000).toLocaleDateString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });

/** Lets a pointer, or the arrow keys, walk over the days of a chart. */
function watchChart(plot) {
  const { start, actual, expected, limit } = JSON.parse(plot.dataset.values);
  const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: plot.dataset.currency });
  const text = (label, amount) => `\n${label}: ${amount === null ? 'unknown' : money.format(amount)}`;
  const cursor = document.createElement('div');
  const output = document.createElement('output');
  cursor.className = 'cursor';
  cursor.append(output);
  let day = -1;

  const show = (index) => {
    day = Math.max(0, Math.min(actual.length - 1, index));
    cursor.style.left = `${(100 * (day + 0.5)) / actual.length}%`;
    cursor.classList.toggle('left', day > actual.length / 2);
    output.textContent =
      dayText(start, day) +
      text('Actual', actual[day]) +
      text('Expected', expected[day]) +
      text('Normal up to', limit[day]);
    plot.append(cursor);
  };
  const hide = () => cursor.remove();

  plot.addEventListener('pointermove', (event) => {
    const { left, width } = plot.getBoundingClientRect();
    show(Math.floor(((event.clientX - left) / width) * actual.length));
  });
  plot.addEventListener('pointerleave', hide);
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', (event) => {
    const moves = { ArrowLeft: day - 1, ArrowRight: day + 1, Home: 0, End: actual.length - 1 };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
}

for (const plot of document.querySelectorAll('.plot[data-values]')) watchChart(plot);
