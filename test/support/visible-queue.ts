/** A message that was received: `receipt` names this receipt of it. */
export type Received = { messageId: string; receipt: string; body: string; receiveCount: number };

type Held = {
  messageId: string;
  body: string;
  receiveCount: number;
  visibleAt: number;
  /** Hidden by whoever received it, and not only because it was received. */
  isPutOff: boolean;
};

type Options = {
  /** Milliseconds for which a message that was received is hidden. */
  visibilityMs: number;
  /** A message that was received so often is parked. */
  maxReceives: number;
  /** What a second is here, in milliseconds. */
  secondMs?: number;
  now?: () => number;
};

/**
 * A standard queue of SQS in memory: a message that was received is hidden for a while and comes back unless it is
 * removed, and is parked once it has come too often.
 */
export function openVisibleQueue(options: Options) {
  const { visibilityMs, maxReceives, secondMs = 1000, now = () => performance.now() } = options;
  const waiting: Held[] = [];
  const hidden = new Map<string, Held>();
  const dead: Held[] = [];
  let sent = 0;
  let mostReceives = 0;

  const wake = (): void => {
    const time = now();
    for (const [receipt, held] of hidden) {
      if (held.visibleAt > time) continue;
      hidden.delete(receipt);
      (held.receiveCount >= maxReceives ? dead : waiting).push(held);
    }
  };

  return {
    dead,
    send: (body: string): void => {
      sent += 1;
      waiting.push({ messageId: `message-${sent}`, body, receiveCount: 0, visibleAt: 0, isPutOff: false });
    },
    receive: (max = 10): Received[] => {
      wake();
      return waiting.splice(0, max).map((held) => {
        held.receiveCount += 1;
        mostReceives = Math.max(mostReceives, held.receiveCount);
        held.visibleAt = now() + visibilityMs;
        held.isPutOff = false;
        const receipt = `${held.messageId}/${held.receiveCount}`;
        hidden.set(receipt, held);
        return { messageId: held.messageId, receipt, body: held.body, receiveCount: held.receiveCount };
      });
    },
    /** Forgets a message; nothing where it has come back meanwhile. */
    remove: (receipt: string): void => void hidden.delete(receipt),
    /** Hides a message for so many seconds from now. */
    hide: (receipt: string, seconds: number): void => {
      const held = hidden.get(receipt);
      if (held) Object.assign(held, { visibleAt: now() + seconds * secondMs, isPutOff: true });
    },
    /** Ends the time for which a message is hidden because somebody has received it; false where nobody has it. */
    release: (receipt: string): boolean => {
      const held = hidden.get(receipt);
      if (!held || held.isPutOff) return false;
      held.visibleAt = 0;
      return true;
    },
    /** Messages that are neither removed nor parked. */
    left: (): number => {
      wake();
      return waiting.length + hidden.size;
    },
    /** Milliseconds until one more is to be seen; 0 where one is, undefined where none is left. */
    wait: (): number | undefined => {
      wake();
      if (waiting.length > 0) return 0;
      const next = Math.min(...[...hidden.values()].map(({ visibleAt }) => visibleAt));
      return hidden.size === 0 ? undefined : Math.max(0, next - now());
    },
    mostReceives: () => mostReceives,
  };
}

export type VisibleQueue = ReturnType<typeof openVisibleQueue>;
