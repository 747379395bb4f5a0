import { createServer } from 'node:http'
import type { AnchorReceipt } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { expect, it, onTestFinished } from 'vitest'
import { s3LockAnchor } from '../src/index.ts'
import { checkpoint, dayMs, on, origin, trust } from './heads.ts'

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const endpoint = (port: number) => ({ endpoint: `http://127.0.0.1:${port}`, region: 'r', ...credentials })

/** As it was left in the right place. */
async function receiptOf(size: number): Promise<AnchorReceipt> {
  const { root } = await checkpoint(size)
  const key = `seamark/checkpoints/${sha256Hex(origin).slice(0, 32)}/${'9'.repeat(15)}2-${size}.note`
  const body = { bucket: 'b', key, versionId: 'v', sha256: '0'.repeat(64), retainUntil: Date.now() + dayMs }
  const about = { v: 1, kind: 'aws.s3-object-lock', name: 's3-lock', at: 0 } as const
  return { ...about, origin, size, root, body: { ...body, legalHold: false } }
}

it.each([
  [200, 'text/html', '<html><body>Please log in.</body></html>'],
  [200, 'text/html', '<!doctype html><p>Please log in.<br>'],
  [200, 'application/json', '{"ok":true}'],
  [200, 'text/plain', ''],
  [302, 'text/html', ''],
  [404, 'text/html', '<html><body>Not found</body></html>'],
])('a server that answers %i with %s %j is not taken for S3, and proves nothing', async (status, type, text) => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': type }).end(text))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  const address = server.address()
  const anchor = s3LockAnchor(on(endpoint(typeof address === 'object' ? (address?.port ?? 0) : 0), 'b'))
  const refused = { code: 'INVALID_INPUT', problems: [{ place: { pointer: '/endpoint' } }] }
  await expect(anchor.ready()).rejects.toMatchObject(refused)
  await expect(anchor.latest(origin)).rejects.toMatchObject(refused)
  await expect(anchor.anchor(await checkpoint(7))).rejects.toMatchObject(refused)
  expect(await anchor.check(await receiptOf(7), trust)).toEqual({ status: 'not-checked', reason: 'unreadable' })
})

it('an endpoint where nothing listens is UNAVAILABLE, and proves nothing', async () => {
  const anchor = s3LockAnchor(on(endpoint(9), 'b', { attempts: 2 }))
  await expect(anchor.ready()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(anchor.latest(origin)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(anchor.anchor(await checkpoint(7))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await anchor.check(await receiptOf(7), trust)).toEqual({ status: 'not-checked', reason: 'unreachable' })
})
