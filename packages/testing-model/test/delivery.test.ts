import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { piecesOf } from '../src/pieces.ts'
import { anthropic, openai } from './clients-port.ts'
import { chat, HEADERS, input, message, serve } from './support.ts'

const text = 'Über 🌊 und 漢字, e\u0301 und mehr.'
const asks = { ...message, messages: [{ role: 'user' as const, content: 'Hi' }] }

/** The pieces in which an answer comes. */
async function pieces(url: string, body: object): Promise<{ all: Uint8Array[]; failed: boolean }> {
  const answer = await fetch(url, { method: 'POST', headers: HEADERS, body: JSON.stringify(body) })
  const all: Uint8Array[] = []
  try {
    for await (const bytes of answer.body ?? []) all.push(bytes)
  } catch {
    return { all, failed: true }
  }
  return { all, failed: false }
}

test('an answer in the smallest pieces, with every character cut, is whole for the clients', async () => {
  const stream = { pieceBytes: 1, splitCharacters: true, deltaCharacters: 1 }
  const server = await serve({ stream, turns: [{ answer: text, times: 3 }] })
  expect(await anthropic(server.url).messages.stream(asks).finalText()).toBe(text)
  expect((await openai(server.url).responses.stream(input).finalResponse()).output_text).toBe(text)
  const said = openai(server.url).chat.completions.stream({ ...chat, messages: [{ role: 'user', content: 'Hi' }] })
  expect(await said.finalContent()).toBe(text)
})

test('pieces are the bytes, and no character of more than one byte is in one piece where that is asked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }),
      fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      fc.boolean(),
      fc.option(fc.nat(60), { nil: undefined }),
      (events, pieceBytes, splitCharacters, cutAfterBytes) => {
        const bytes = events.map((event) => Buffer.from(event))
        const all = Buffer.concat(bytes)
        const made = piecesOf(bytes, {
          splitCharacters,
          ...(pieceBytes !== undefined && { pieceBytes }),
          ...(cutAfterBytes !== undefined && { cutAfterBytes }),
        })
        const cut = cutAfterBytes !== undefined && cutAfterBytes < all.length
        expect(Buffer.concat(made.pieces)).toEqual(cut ? all.subarray(0, cutAfterBytes) : all)
        expect(made.cut).toBe(cut)
        for (const piece of made.pieces) {
          expect(piece.length).toBeGreaterThan(0)
          if (pieceBytes !== undefined) expect(piece.length).toBeLessThanOrEqual(pieceBytes)
          // The first byte of such a character is the last of its piece.
          if (splitCharacters) for (const byte of piece.subarray(0, -1)) expect(byte).toBeLessThan(0xc0)
        }
      },
    ),
  )
})

test('each piece comes by itself, after its delay', async () => {
  const server = await serve([{ answer: 'One and two.', stream: { firstDelayMs: 20, delayMs: 5, pieceBytes: 200 } }])
  const { all, failed } = await pieces(`${server.url}/v1/messages`, { ...message, stream: true })
  expect(failed).toBe(false)
  expect(all.length).toBeGreaterThan(3)
  for (const piece of all.slice(0, -1)) expect(piece.length).toBe(200)
})

test('a stream that is cut in the middle of an event ends there, for every API', async () => {
  const server = await serve([{ answer: 'A few words.', stream: { cutInEvent: 2 }, times: 4 }])
  for (const [path, body] of [
    ['/v1/messages', message],
    ['/v1/responses', input],
    ['/backend-api/codex/responses', input],
    ['/v1/chat/completions', chat],
  ] as const) {
    const { all, failed } = await pieces(server.url + path, { ...body, stream: true })
    expect(failed).toBe(true)
    const events = Buffer.concat(all).toString().split('\n\n')
    expect(events).toHaveLength(2)
    expect(events[1]).not.toBe('')
  }
  expect(server.calls.map(({ delivered }) => delivered)).toEqual(['cut', 'cut', 'cut', 'cut'])
})

test('an answer is cut after so many bytes, streamed or not', async () => {
  const server = await serve([{ answer: text, stream: { cutAfterBytes: 30 }, times: 2 }])
  for (const stream of [true, false]) {
    const { all, failed } = await pieces(`${server.url}/v1/messages`, { ...message, stream })
    expect([Buffer.concat(all).length, failed]).toEqual([30, true])
  }
})

test('a client that goes away, and a server that closes, end a slow stream', async () => {
  const slow = { answer: 'Slowly.', stream: { delayMs: 60_000 } }
  const server = await serve([{ ...slow, times: 2 }])
  const leave = new AbortController()
  const first = await fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ ...message, stream: true }),
    signal: leave.signal,
  })
  leave.abort()
  await expect(first.text()).rejects.toThrow()
  await expect.poll(() => server.calls[0]?.delivered).toBe('client-gone')
  const second = await fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ ...message, stream: true }),
  })
  await server.close()
  await expect(second.text()).rejects.toThrow()
})
