import { printable } from './terminal.ts';

/** Shows what a long command is at, on a terminal's standard error only; without a text the line is cleared. */
export function progress(text = ''): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${printable(text).slice(0, (process.stderr.columns || 80) - 1)}`);
}

/** How far a long command is: to be called as often as one likes, drawn when a percent more is done. */
export function progressBar(label: string): (done: number, of: number) => void {
  let drawn = -1;
  return (done, of) => {
    const percent = of > 0 ? Math.min(100, Math.floor((100 * done) / of)) : 0;
    if (percent === drawn) return;
    drawn = percent;
    progress(barText(label, percent));
  };
}

const barWidth = 30;

/** `judging  ███████░░░  70 %` */
export function barText(label: string, percent: number): string {
  const full = Math.round((barWidth * percent) / 100);
  return `${label}  ${'█'.repeat(full)}${'░'.repeat(barWidth - full)}  ${String(percent).padStart(3)} %`;
}
