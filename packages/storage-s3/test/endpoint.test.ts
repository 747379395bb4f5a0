import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { isSeamError } from '@seamark/kit'
import { expect, it, onTestFinished } from 'vitest'
import { s3Storage } from '../src/index.ts'

const body = Buffer.from('body')

/** A storage whose endpoint is some other server. */
async function on(answer: RequestListener) {
  const server = createServer((request, response) => void request.resume().on('end', () => answer(request, response)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return s3Storage({ bucket: 'b', region: 'r', endpoint: `http://127.0.0.1:${port}`, pathStyle: true, credentials })
}

async function refusal(call: Promise<unknown>) {
  const error: unknown = await call.then(
    (answer) => expect.fail(`it answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  )
  return isSeamError(error) ? { code: error.code, pointer: error.problems[0]?.place?.pointer } : error
}

it.each([
  [200, 'text/html', '<html><body>Please log in.</body></html>'],
  [200, 'text/html', '<!doctype html><p>Please log in.<br>'],
  [200, 'application/json', '{"ok":true}'],
  [200, 'text/plain', ''],
  [201, 'application/json', '{}'],
  [302, 'text/html', ''],
  [404, 'text/html', '<html><body>Not found</body></html>'],
  [405, 'text/plain', 'no'],
])('a server that answers %i with %s %j is not taken for S3', async (status, type, text) => {
  const storage = await on(({ method }, response) => {
    response.writeHead(status, { 'content-type': type }).end(method === 'HEAD' ? undefined : text)
  })
  for (const call of [
    () => storage.ready(),
    () => storage.put('ns/a', body),
    () => storage.put('ns/a', body, { ifAbsent: true }),
    () => storage.put('ns/a', Buffer.alloc(6 * 1024 * 1024)),
    () => storage.get('ns/a'),
    () => storage.head('ns/a'),
    () => storage.list('')[Symbol.asyncIterator]().next(),
    () => storage.delete('ns/a'),
  ])
    expect(await refusal(call())).toEqual({ code: 'INVALID_INPUT', pointer: '/endpoint' })
})

it('what worked before is waited for: nothing that a proxy has swallowed counts as stored', async () => {
  let between = false
  const storage = await on((_, response) => {
    if (!between) response.setHeader('etag', '"e"')
    response.end(between ? '<html><body>Under maintenance.</body></html>' : undefined)
  })
  expect(await storage.put('ns/a', body)).toMatchObject({ created: true })
  between = true
  expect(await refusal(storage.put('ns/a', body))).toEqual({ code: 'UNAVAILABLE', pointer: '/endpoint' })
  between = false
  expect(await storage.put('ns/a', body)).toMatchObject({ created: true })
})
