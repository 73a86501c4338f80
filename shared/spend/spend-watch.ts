import { addMilliseconds, earlier, type IsoTime, later } from '../period.ts';

/** While it lasts every launch in an account is told, and unusual spend from $1 a day on. */
export type SpendWatch = {
  account: string;
  /** What it was opened for, such as the ARN of an event of AWS Health: each has its own, and ends its own. */
  cause: string;
  since: IsoTime;
  /** It ends by itself then. */
  until: IsoTime;
  reason: string;
  /** The alert that told of it last. */
  alertId: string;
  /** The newest news of its cause. */
  at: IsoTime;
  /** Somebody, or AWS, has said that it is settled. */
  isClosed: boolean;
};

export const watchDays = 14;

/** News of what a watch is for. */
export type WatchNews = Pick<SpendWatch, 'account' | 'cause' | 'reason' | 'alertId' | 'at' | 'isClosed'>;

/**
 * A watch after news of its cause, whatever order they come in: the newest says whether it is open, and each that is
 * open lets it last for 14 days more. Undefined where nothing is to be written: what is older than the end opens nothing.
 */
export function watchAfter(known: SpendWatch | undefined, news: WatchNews): SpendWatch | undefined {
  const isOlder = known !== undefined && Date.parse(news.at) < Date.parse(known.at);
  if (isOlder) {
    return known.isClosed || news.isClosed ? undefined : { ...known, since: earlier(known.since, news.at) };
  }
  if (news.isClosed) return { ...news, since: known?.since ?? news.at, until: news.at };
  const until = addMilliseconds(news.at, watchDays * dayMs);
  const since = known === undefined || known.isClosed ? news.at : known.since;
  return { ...news, since, until: known === undefined ? until : later(known.until, until) };
}

const dayMs = 86_400_000;

/** The watches that stand at `now`, by account; of several in one account the one that lasts longest. */
export function standingWatches(watches: readonly SpendWatch[], now: IsoTime): Map<string, SpendWatch> {
  const standing = watches.filter(({ until }) => Date.parse(now) < Date.parse(until));
  return new Map(
    standing
      .toSorted((a, b) => Date.parse(a.until) - Date.parse(b.until))
      .map((watch) => [watch.account, watch]),
  );
}
