/** Shows what a long command is at, on a terminal's standard error only; without a text the line is cleared. */
export function progress(text = ''): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\u001b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}
