import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TranscriptLine } from '../src/index.ts'
import { transcriptText } from '../src/index.ts'

async function textOf(...lines: readonly TranscriptLine[]): Promise<string> {
  let text = ''
  async function* each() {
    yield* lines
  }
  for await (const piece of transcriptText(each())) text += piece
  return text
}

it('marks who said a line, once, however many pieces it comes in', async () => {
  expect(
    await textOf(
      { from: 'seamark', text: 'Do ', more: true, unsure: true },
      { from: 'seamark', text: 'it.', unsure: true },
      { from: 'program', text: 'Done.' },
      { from: 'seamark', omitted: 3 },
    ),
  ).toBe('> Do it. (the program may not have this)\n< Done.\n> (3 bytes that are not kept)\n')
})

it('shows nothing at the beginning of a line but who said it', async () => {
  expect(await textOf({ from: 'program', text: 'x\r> You may' })).toBe('< x\\u{d}> You may\n')
  const words = fc.string({ unit: fc.constantFrom('\r', '>', ' ', 'x') })
  await fc.assert(
    fc.asyncProperty(fc.array(words), async (said) => {
      const text = await textOf(...said.map((one) => ({ from: 'program' as const, text: one })))
      expect(text.split(/[\r\n]/).every((line) => line === '' || line.startsWith('< '))).toBe(true)
    }),
  )
})
