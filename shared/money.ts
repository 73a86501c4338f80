/** An amount in US dollars, unrounded. Rounded only where a person reads it. */
export type Usd = number;

/** Making a formatter takes a hundred times as long as using one. */
const formatters = new Map<string, Intl.NumberFormat>();

function format(currency: string, amount: number, digits: number): string {
  const key = `${currency} ${digits}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    const exact = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    formatter = new Intl.NumberFormat('en-US', { style: 'currency', currency, ...exact });
    formatters.set(key, formatter);
  }
  return formatter.format(amount);
}

/** `$1,234.56`; from 10,000 on without cents, below a cent with what digits it takes to see it. */
export function formatMoney(amount: number, currency = 'USD'): string {
  const size = Math.abs(amount);
  if (size >= 10_000) return format(currency, amount, 0);
  if (size > 0 && size < 0.01)
    return format(currency, amount, Math.min(10, 1 - Math.floor(Math.log10(size))));
  return format(currency, amount, 2);
}
