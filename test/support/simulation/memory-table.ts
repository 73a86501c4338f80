import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';

type Item = Record<string, unknown>;
type Expressed = {
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
};
type Write = Expressed & {
  Key?: Item;
  Item?: Item;
  UpdateExpression?: string;
  ReturnValues?: 'ALL_OLD' | 'UPDATED_OLD';
  ConditionExpression?: string;
};
type Query = Expressed & { KeyConditionExpression: string; Limit?: number; ExclusiveStartKey?: Item };
type Answer = (input: never) => object;

/**
 * A DynamoDB table in this process, for what needs hundreds of thousands of calls: what the document client asks, and
 * the part of the expression language that the stores write. What it doesn't know it throws at.
 */
export function memoryTable() {
  const partitions = new Map<string, Map<string, Item>>();
  const partition = (pk: unknown) => {
    const found = partitions.get(String(pk)) ?? new Map<string, Item>();
    partitions.set(String(pk), found);
    return found;
  };
  const get = ({ pk, sk }: Item) => partition(pk).get(String(sk));
  const put = ({ pk, sk }: Item, item: Item | undefined) => {
    if (item) partition(pk).set(String(sk), item);
    else partition(pk).delete(String(sk));
  };

  /** What an item becomes by a write, not yet stored; throws where its condition doesn't hold. */
  function written({ Key, Item: given, UpdateExpression, ConditionExpression, ...named }: Write) {
    const key = Key ?? { pk: given?.['pk'], sk: given?.['sk'] };
    const before = get(key);
    if (ConditionExpression !== undefined && !holds(ConditionExpression, before ?? {}, named)) {
      throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
    }
    if (given) return { key, item: plain(given) };
    if (UpdateExpression === undefined) return { key, item: undefined };
    return { key, item: plain(updated(UpdateExpression, { ...key, ...before }, named)) };
  }

  const write = (input: Write) => {
    const { key, item } = written(input);
    const before = get(key);
    put(key, item);
    // Of what was updated, too, all is handed out: it is what was there that is asked for.
    return input.ReturnValues && before ? { Attributes: before } : {};
  };

  const answers: Readonly<Record<string, Answer>> = {
    GetItem: ({ Key }: { Key: Item }) => ({ Item: get(Key) }),
    PutItem: write,
    UpdateItem: write,
    DeleteItem: write,
    Query: (input: Query) => query(partition(input.ExpressionAttributeValues?.[':pk']), input),
    TransactWriteItems: ({ TransactItems }: { TransactItems: Record<string, Write>[] }) => {
      const results = TransactItems.map((item) => attempt(() => written(Object.values(item)[0] as Write)));
      if (results.some((result) => result === undefined)) throw cancelled(results);
      for (const result of results) if (result) put(result.key, result.item);
      return {};
    },
  };

  return {
    /** Answers one call of the document client, by its name without the service. */
    answer: (call: string, input: object): object => {
      const answer = answers[call];
      if (!answer) throw new Error(`The table has no answer to ${call}`);
      return answer(input as never);
    },
    /** Removes what has expired, as DynamoDB does in its own time. */
    expire: (now: number) => {
      for (const items of partitions.values()) {
        for (const [sk, { expiresAt }] of items) {
          if (typeof expiresAt === 'number' && expiresAt * 1000 < now) items.delete(sk);
        }
      }
    },
    /** Everything stored, to be compared. */
    items: (): Item[] => [...partitions.values()].flatMap((items) => [...items.values()]),
  };
}

/** As marshalling leaves it: nothing undefined, nothing shared with the caller. */
const plain = (item: Item): Item => copyOf(item) as Item;

function copyOf(value: unknown): unknown {
  if (value instanceof Set) return new Set(value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, copyOf(each)]));
}

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

const cancelled = (results: readonly unknown[]) =>
  new TransactionCanceledException({
    message: 'Transaction cancelled',
    CancellationReasons: results.map((result) => ({ Code: result ? 'None' : 'ConditionalCheckFailed' })),
    $metadata: {},
  });

function query(items: ReadonlyMap<string, Item>, input: Query): object {
  const { KeyConditionExpression, Limit = Number.POSITIVE_INFINITY, ExclusiveStartKey: start } = input;
  const after = String(start?.['sk'] ?? '');
  const found = [...items.entries()]
    .filter(([sk, item]) => sk > after && holds(KeyConditionExpression, item, input))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, item]) => item);
  const page = found.slice(0, Limit);
  const last = page.at(-1);
  return {
    Items: page,
    ...(page.length < found.length && last && { LastEvaluatedKey: { pk: last['pk'], sk: last['sk'] } }),
  };
}

/** Reads the words of an expression one after the other. */
function reader(expression: string, item: Item, names: Expressed) {
  const words = wordsOf(expression);
  let next = 0;
  const take = (): string => {
    const word = words[next++];
    if (word === undefined) throw new Error(`"${expression}" ends too early`);
    return word;
  };
  const takes = (wanted: string): boolean => {
    const found = words[next]?.toUpperCase() === wanted;
    if (found) next += 1;
    return found;
  };
  const path = (word: string): string[] =>
    word.split('.').map((part) => names.ExpressionAttributeNames?.[part] ?? part);
  const value = (word: string): unknown =>
    word.startsWith(':')
      ? names.ExpressionAttributeValues?.[word]
      : path(word).reduce<unknown>((found, part) => (found as Item | undefined)?.[part], item);
  /** The arguments of a function, up to the closing bracket. */
  const given = (): string[] => {
    const listed = [take(), take()].slice(1);
    while (take() === ',') listed.push(take());
    return listed;
  };
  return { take, takes, path, value, given, isOver: () => next >= words.length };
}

const known = new Map<string, string[]>();

function wordsOf(expression: string): string[] {
  const words = known.get(expression) ?? expression.match(/[(),+]|<>|<=|>=|=|<|>|[\w.#:-]+/g) ?? [];
  known.set(expression, words);
  return words;
}

type Reader = ReturnType<typeof reader>;

const holds = (expression: string, item: Item, names: Expressed): boolean =>
  readOr(reader(expression, item, names));

function readOr(read: Reader): boolean {
  let held = readAnd(read);
  while (read.takes('OR')) held = readAnd(read) || held;
  return held;
}

function readAnd(read: Reader): boolean {
  let held = readTest(read);
  while (read.takes('AND')) held = readTest(read) && held;
  return held;
}

function readTest(read: Reader): boolean {
  if (read.takes('(')) {
    const held = readOr(read);
    read.take();
    return held;
  }
  const word = read.take();
  const test = tests[word];
  if (test) return test(read.given().map(read.value));
  if (read.takes('IN')) return read.given().map(read.value).includes(read.value(word));
  const compare = comparisons[read.take()];
  if (!compare) throw new Error(`"${word}" is not known here`);
  const [left, right] = [read.value(word), read.value(read.take())];
  return left !== undefined && right !== undefined && compare(left as string, right as string);
}

const tests: Readonly<Record<string, (values: readonly unknown[]) => boolean>> = {
  attribute_not_exists: ([value]) => value === undefined,
  attribute_exists: ([value]) => value !== undefined,
  begins_with: ([value, start]) => String(value).startsWith(String(start)),
};

const comparisons: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  '=': (left, right) => left === right,
  '<>': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

/** `SET a = :b, c = if_not_exists(c, :d) + :e REMOVE f ADD g :h` */
function updated(expression: string, before: Item, names: Expressed): Item {
  const item = structuredClone(before);
  const read = reader(expression, before, names);
  while (!read.isOver()) {
    if (read.takes('SET')) setAll(read, item);
    else if (read.takes('REMOVE')) removeAll(read, item);
    else if (read.takes('ADD')) addAll(read, item);
    else throw new Error(`"${expression}" is not known here`);
  }
  return item;
}

function setAll(read: Reader, item: Item): void {
  do {
    const path = read.path(read.take());
    read.take();
    place(item, path, readSum(read));
  } while (read.takes(','));
}

function removeAll(read: Reader, item: Item): void {
  do place(item, read.path(read.take()), undefined);
  while (read.takes(','));
}

/** To a set, or to a number. */
function addAll(read: Reader, item: Item): void {
  do {
    const path = read.path(read.take());
    const added = read.value(read.take());
    const known = path.reduce<unknown>((found, part) => (found as Item | undefined)?.[part], item);
    if (added instanceof Set)
      place(item, path, new Set([...((known as Set<unknown> | undefined) ?? []), ...added]));
    else place(item, path, Number(known ?? 0) + Number(added));
  } while (read.takes(','));
}

function readSum(read: Reader): unknown {
  let sum = readTerm(read);
  while (read.takes('+')) sum = Number(sum) + Number(readTerm(read));
  return sum;
}

function readTerm(read: Reader): unknown {
  const word = read.take();
  if (word !== 'if_not_exists') return read.value(word);
  const [found, otherwise] = read.given().map(read.value);
  return found ?? otherwise;
}

function place(item: Item, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path;
  if (rest.length > 0) place(item[first] as Item, rest, value);
  else if (value === undefined) delete item[first];
  else item[first] = value;
}
