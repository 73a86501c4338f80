/** Posts JSON to a web hook; throws as fetch does, with the address in the message: that is a secret. */
export const postJson = (url: string, body: string, timeoutMs: number): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
