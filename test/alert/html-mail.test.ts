import { expect, it } from 'vitest';
import { digestAlert } from '../../shared/alert/digest.ts';
import { toHtmlMail } from '../../shared/alert/html-mail.ts';
import { alertOf } from '../support/alert.ts';
import { digestOf } from '../support/digest.ts';

it('shows text from outside as text, wherever it stands', () => {
  const evil = '<script>alert(1)</script>"onload="x';
  const page = toHtmlMail(
    alertOf({
      id: evil,
      title: evil,
      summary: evil,
      facts: [{ label: evil, value: evil }],
      items: [evil],
      action: evil,
    }),
  );
  expect(page).not.toContain('<script');
  expect(page).not.toContain('"onload');
  expect(page.match(/&lt;script&gt;/g)).toHaveLength(8); // the title twice, every other place once
});

it('has a bar for each day and the day before it, the highest at full height', () => {
  const page = toHtmlMail(digestAlert(digestOf()));
  const heights = [...page.matchAll(/height:(\d+)px;background/g)].map(([, pixels]) => Number(pixels));
  expect(heights).toHaveLength(14);
  expect(Math.max(...heights)).toBe(72);
  expect(heights[0]).toBe(40); // $100 of $180
  expect(page).toContain('the highest day $180.00');
});

it('has no chart where there is nothing to draw, and no empty sections', () => {
  const page = toHtmlMail(alertOf({ facts: [], items: [], action: ' ' }));
  expect(page).not.toContain('By day');
  expect(page).not.toContain('What moved');
  expect(page).not.toContain('What to do');
});
