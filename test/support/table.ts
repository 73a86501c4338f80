import { startDynamoDb } from '../../cli/sample/dynamodb.ts';
import { openTable, type Table } from '../../shared/store/table.ts';

/** The watchdog's table, empty, on a DynamoDB of this test's own to which all clients speak until `stop`. */
export async function startTable(name = 'watchdog'): Promise<{ table: Table; stop: () => Promise<void> }> {
  const { endpoint, close } = await startDynamoDb(name);
  const before = process.env['AWS_ENDPOINT_URL_DYNAMODB'];
  process.env['AWS_ENDPOINT_URL_DYNAMODB'] = endpoint;
  const table = openTable(name);
  return {
    table,
    stop: async () => {
      table.client.destroy();
      if (before === undefined) delete process.env['AWS_ENDPOINT_URL_DYNAMODB'];
      else process.env['AWS_ENDPOINT_URL_DYNAMODB'] = before;
      await close();
    },
  };
}
