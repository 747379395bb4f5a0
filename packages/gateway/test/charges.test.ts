import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { systemClock } from '@seamark/kit'
import type { Meter, MeteredAnswer } from '@seamark/metering'
import { charges } from '../src/charges.ts'

const usage = { reserve: () => Promise.resolve({ ok: true } as const), settle: () => Promise.resolve() }
const request = { method: 'POST', host: 'a.example', path: '/', headers: {}, body: new Uint8Array() }
const head = { status: 200 }
const fails = (): never => {
  throw new TypeError('Cannot convert object to primitive value')
}

/** A call whose answer is read as said, and how it was settled. */
async function calling(answer: () => MeteredAnswer) {
  const settled: unknown[] = []
  const meter: Meter = {
    begin: () =>
      Promise.resolve({
        kind: 'call',
        body: request.body,
        headers: {},
        answer,
        failed: (sent) => Promise.resolve(void settled.push(sent ? 'reserved' : 'nothing')),
      }),
  }
  const made = await charges(usage, systemClock).reserve(meter, request, new PassThrough() as unknown as ServerResponse)
  if (made.kind !== 'call') throw new Error(made.kind)
  return { charge: made.charge, settled }
}

it.each([
  ['its beginning', fails],
  ['its bytes', () => ({ headers: {}, push: fails, end: fails })],
] as const)('settles at what was reserved where the answer can not be read: %s', async (_, answer) => {
  const { charge, settled } = await calling(answer)
  charge.begins(head)
  charge.reads(new Uint8Array(1))
  charge.reads(new Uint8Array(1))
  await charge.over(true)
  expect(settled).toEqual(['reserved'])
})

it('settles at nothing where nothing was sent', async () => {
  const { charge, settled } = await calling(() => ({
    headers: {},
    push: () => undefined,
    end: () => Promise.resolve(),
  }))
  await charge.over(false)
  expect(settled).toEqual(['nothing'])
})
