import { describe, expect, it } from 'vitest';
import { newDetector } from '../../shared/anomaly/detector-state.ts';
import { feeDue, learnFee, monthDay, withoutFee } from '../../shared/anomaly/fees.ts';
import { type IsoDate, toDay } from '../../shared/period.ts';
import { datesOfState, learn, turnsOf } from '../support/detector.ts';
import { figuresBetween } from '../support/spend.ts';

const daily = (start: IsoDate, through: IsoDate, feeOn: (date: IsoDate) => number) =>
  learn(figuresBetween(start, through, (date) => 100 + feeOn(date)));

describe('a fee', () => {
  it('of the 1st is held in its first month, and known from then on', () => {
    const learnt = daily('2026-01-05', '2026-06-30', (date) => (date.endsWith('-01') ? 1400 : 0));
    expect(datesOfState(learnt, 'held')).toEqual(['2026-02-01']);
    expect(turnsOf(learnt)).toEqual([]);
    expect(learnt.days.find(({ date }) => date === '2026-05-01')?.verdict.expected).toBeCloseTo(1500, 1);
  });

  it('of another day is held in the first five weeks of a series, and known from then on', () => {
    const learnt = daily('2026-01-02', '2026-06-30', (date) => (date.endsWith('-03') ? 1400 : 0));
    expect(datesOfState(learnt, 'held')).toEqual(['2026-02-03']);
    expect(turnsOf(learnt)).toEqual([]);
  });

  it('that is new is told once', () => {
    const learnt = daily('2026-01-05', '2026-09-30', (date) =>
      date.endsWith('-03') && date > '2026-04' ? 1400 : 0,
    );
    expect(turnsOf(learnt).filter(([, turn]) => turn === 'opens')).toEqual([['2026-04-03', 'opens']]);
  });

  it('may be dearer by a fifth, and not by half', () => {
    const from = (amount: number) =>
      daily('2026-01-05', '2026-05-10', (date) =>
        date.endsWith('-03') ? (date > '2026-05' ? amount : 1400) : 0,
      );
    expect(turnsOf(from(1700))).toEqual([]);
    expect(turnsOf(from(2100))[0]).toEqual(['2026-05-03', 'opens']);
  });

  it('that stayed away for more than three months is told again', () => {
    const learnt = daily('2026-01-05', '2026-12-30', (date) =>
      date.endsWith('-03') && (date < '2026-05' || date > '2026-09-15') ? 1400 : 0,
    );
    expect(turnsOf(learnt).filter(([, turn]) => turn === 'opens')).toEqual([['2026-10-03', 'opens']]);
  });

  it('of the 31st comes on the last day of a shorter month', () => {
    const due = new Set(['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31']);
    const learnt = daily('2026-01-05', '2026-06-10', (date) => (due.has(date) ? 1400 : 0));
    expect(turnsOf(learnt)).toEqual([]);
  });

  it('of the 31st is not due on the day before the last one', () => {
    const due = new Set(['2026-01-31', '2026-02-27']);
    const learnt = daily('2026-01-05', '2026-03-10', (date) => (due.has(date) ? 1400 : 0));
    expect(turnsOf(learnt)[0]).toEqual(['2026-02-27', 'opens']);
  });

  it('hides no leak of the day on which it is due', () => {
    const learnt = daily('2026-01-05', '2026-05-05', (date) =>
      date === '2026-05-03' ? 2800 : date.endsWith('-03') ? 1400 : 0,
    );
    expect(turnsOf(learnt)[0]).toEqual(['2026-05-03', 'opens']);
  });
});

describe('what is held on the 1st', () => {
  it('is told on the next day where that is high as well', () => {
    const learnt = daily('2026-08-05', '2026-11-03', (date) => (date >= '2026-11-01' ? 500 : 0));
    expect(datesOfState(learnt, 'held')).toEqual(['2026-11-01']);
    expect(turnsOf(learnt)).toEqual([['2026-11-02', 'opens']]);
  });
});

describe('the memory of fees', () => {
  it('takes a bump for a fee only once the next day is as usual', () => {
    const state = newDetector();
    learnFee(state, toDay('2026-03-05'), 500, 100, 25);
    expect(feeDue(state, toDay('2026-04-05'))).toBe(0);
    learnFee(state, toDay('2026-03-06'), 20, 100, 25);
    expect(feeDue(state, toDay('2026-04-05'))).toBe(500);
  });

  it('takes a level for none', () => {
    const state = newDetector();
    for (const date of ['2026-03-05', '2026-03-06', '2026-03-07']) learnFee(state, toDay(date), 500, 100, 25);
    expect(feeDue(state, toDay('2026-04-05'))).toBe(0);
    expect(feeDue(state, toDay('2026-04-06'))).toBe(0);
  });

  it('keeps the last three of a day of the month, and expects the dearest', () => {
    const state = newDetector();
    for (const [month, fee] of [900, 500, 600, 700].entries()) {
      learnFee(state, toDay(`2026-0${month + 1}-05`), fee, 100, 25);
      learnFee(state, toDay(`2026-0${month + 1}-06`), 0, 100, 25);
    }
    expect(feeDue(state, toDay('2026-05-05'))).toBe(700);
  });
});

describe('a day without its fee', () => {
  it.each([
    ['cost what is usual', 1500, 100, 1400, 100],
    ['cost what is usual though the fee rose', 1700, 100, 1400, 100],
    ['cost what the fee doesn’t explain', 3000, 100, 1400, 1600],
    ['cost what it cost, where the fee stayed away', 90, 100, 1400, 90],
    ['cost what it cost, where none is due', 1500, 100, 0, 1500],
  ])('%s', (_, amount, usual, fee, spent) => {
    expect(withoutFee(amount, usual, fee)).toBe(spent);
  });
});

describe('a day of the month', () => {
  it.each([
    ['2026-02-28', { dayOfMonth: 27, month: 28, previousMonth: 31 }],
    ['2028-02-29', { dayOfMonth: 28, month: 29, previousMonth: 31 }],
    ['2026-03-01', { dayOfMonth: 0, month: 31, previousMonth: 28 }],
    ['2026-01-31', { dayOfMonth: 30, month: 31, previousMonth: 31 }],
  ])('of %s', (date, expected) => {
    expect(monthDay(toDay(date))).toEqual(expected);
  });
});
