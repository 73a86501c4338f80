/** What Slack documents of its blocks: https://docs.slack.dev/reference/block-kit/blocks. Characters as UTF-16 units. */
const limits = {
  blocks: 50,
  blockId: 255,
  header: 150,
  section: 3000,
  fields: 10,
  field: 2000,
  contextElements: 10,
  actionElements: 25,
  actionId: 255,
  placeholder: 150,
  button: 75,
  value: 2000,
  options: 100,
  option: 75,
  optionValue: 150,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
};

type Json = Readonly<Record<string, unknown>>;

/** What Slack would refuse a list of blocks for; empty where it would show them. */
export function blockFaults(blocks: unknown): string[] {
  if (blocks === undefined) return [];
  if (!Array.isArray(blocks)) return ['blocks: no list'];
  const all = blocks as Json[];
  const ids = all.flatMap(({ block_id }) => (block_id === undefined ? [] : [block_id]));
  return [
    ...(all.length > limits.blocks ? [`${all.length} blocks`] : []),
    ...(new Set(ids).size < ids.length ? ['a block_id twice'] : []),
    ...all.flatMap((block, index) =>
      [...idFaults(block), ...faultsOf(block)].map((fault) => `block ${index}: ${fault}`),
    ),
  ];
}

const idFaults = ({ block_id }: Json): string[] =>
  typeof block_id === 'string' && block_id.length > limits.blockId ? ['block_id too long'] : [];

function faultsOf(block: Json): string[] {
  switch (block['type']) {
    case 'header':
      return textFaults(block['text'], limits.header, 'plain_text');
    case 'section':
      return sectionFaults(block);
    case 'context':
      return listFaults(block['elements'], limits.contextElements, (element) =>
        textFaults(element, limits.section),
      );
    case 'actions':
      return actionsFaults(block['elements']);
    case 'divider':
      return [];
    default:
      return [`unknown type ${String(block['type'])}`];
  }
}

function sectionFaults({ text, fields }: Json): string[] {
  if (text === undefined && fields === undefined) return ['neither text nor fields'];
  return [
    ...(text === undefined ? [] : textFaults(text, limits.section)),
    ...(fields === undefined
      ? []
      : listFaults(fields, limits.fields, (field) => textFaults(field, limits.field))),
  ];
}

function listFaults(list: unknown, most: number, faults: (element: unknown) => string[]): string[] {
  if (!Array.isArray(list) || list.length === 0) return ['an empty list'];
  return [...(list.length > most ? [`${list.length} elements`] : []), ...list.flatMap(faults)];
}

function textFaults(given: unknown, most: number, type?: string): string[] {
  const { type: kind, text, verbatim } = (given ?? {}) as Json;
  if (typeof text !== 'string' || (kind !== 'plain_text' && kind !== 'mrkdwn')) return ['no text'];
  if (type !== undefined && kind !== type) return [`${String(kind)} instead of ${type}`];
  return [
    ...(text.length === 0 ? ['an empty text'] : []),
    ...(text.length > most ? [`a text of ${text.length}`] : []),
    // With it Slack looks for no @name and no #channel.
    ...(kind === 'mrkdwn' && verbatim !== true ? ['mrkdwn that is not verbatim'] : []),
  ];
}

function actionsFaults(elements: unknown): string[] {
  const ids = Array.isArray(elements) ? elements.map(({ action_id }) => action_id) : [];
  return [
    ...(new Set(ids).size < ids.length ? ['an action_id twice'] : []),
    ...listFaults(elements, limits.actionElements, (element) => elementFaults(element as Json)),
  ];
}

function elementFaults(element: Json): string[] {
  const { type, text, value = '', action_id = '', options, placeholder, confirm } = element;
  const common = [
    ...(String(action_id).length > limits.actionId ? ['action_id too long'] : []),
    ...(confirm === undefined ? [] : confirmFaults(confirm as Json)),
  ];
  if (type === 'button') {
    const long = String(value).length > limits.value ? ['value too long'] : [];
    return [...common, ...long, ...textFaults(text, limits.button, 'plain_text')];
  }
  if (type !== 'static_select' && type !== 'overflow') return [...common, `unknown element ${String(type)}`];
  return [
    ...common,
    ...(placeholder === undefined ? [] : textFaults(placeholder, limits.placeholder, 'plain_text')),
    ...listFaults(options, limits.options, (option) => optionFaults(option as Json)),
  ];
}

const optionFaults = ({ text, value = '' }: Json): string[] => [
  ...textFaults(text, limits.option, 'plain_text'),
  ...(String(value).length > limits.optionValue ? ['option value too long'] : []),
];

const confirmFaults = ({ title, text, confirm, deny }: Json): string[] => [
  ...textFaults(title, limits.confirmTitle, 'plain_text'),
  ...textFaults(text, limits.confirmText),
  ...textFaults(confirm, limits.confirmButton, 'plain_text'),
  ...textFaults(deny, limits.confirmButton, 'plain_text'),
];
