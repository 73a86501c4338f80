import type { Clock } from '../../shared/aws/paced-call.ts';

/** A clock of its own, which only goes on by what somebody waits for; `chance` is what it draws by chance, 0 to 1. */
export function virtualClock(chance = 1): Clock & { waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    now: () => now,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    random: () => chance,
    waits,
  };
}
