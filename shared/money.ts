/** An amount in US dollars, unrounded. Rounded only where a person reads it. */
export type Usd = number;

const format = (currency: string, amount: number, digits: number) =>
  amount.toLocaleString('en-US', {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

/** `$1,234.56`; from 10,000 on without cents, below a cent with what digits it takes to see it. */
export function formatMoney(amount: number, currency = 'USD'): string {
  const size = Math.abs(amount);
  if (size >= 10_000) return format(currency, amount, 0);
  if (size > 0 && size < 0.01)
    return format(currency, amount, Math.min(10, 1 - Math.floor(Math.log10(size))));
  return format(currency, amount, 2);
}
