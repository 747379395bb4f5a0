import { hasCode } from '@seamark/kit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Piece } from '../src/demultiplex.ts'
import { openStreams } from '../src/streams.ts'

const STREAMS = { stdout: 1, stderr: 2 }
const watchword = '0123456789abcdef'.repeat(2)
const said = (report: string): string => `\0${watchword}${String(report.length).padStart(4, '0')}${report}`

function frame(stream: 'stdout' | 'stderr', text: string): Buffer {
  const header = Buffer.from([STREAMS[stream], 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(text.length, 4)
  return Buffer.concat([header, Buffer.from(text, 'latin1')])
}

const textOf = (pieces: readonly Piece[], stream: string): string =>
  pieces
    .filter((piece) => piece.stream === stream)
    .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
    .join('')

/** What comes out where stderr is cut at these places. */
function through(text: string, cuts: readonly number[], word: string | undefined = watchword) {
  const streams = openStreams(word)
  const ends = [...new Set(cuts.map((at) => at % (text.length + 1)))].toSorted((a, b) => a - b)
  const parts = [...ends, text.length].map((end, i) => text.slice(ends[i - 1] ?? 0, end))
  const pieces = parts.flatMap((part) => [
    ...streams.take(frame('stderr', part)),
    ...streams.take(frame('stdout', 'o')),
  ])
  const live = textOf(pieces, 'stderr')
  pieces.push(...streams.end())
  const report = streams.report()
  return { live, own: textOf(pieces, 'stderr'), report: report && Buffer.from(report).toString('latin1') }
}

/** Text with much in it that looks like the beginning of a report. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '\n', '\0', '\xff') }),
      fc.nat({ max: 32 }).map((n) => said('').slice(0, n)),
    ),
  )
  .map((parts) => parts.join(''))
const cuts = fc.array(fc.nat(), { maxLength: 12 })

describe('what a keeper says', () => {
  it('is taken out of stderr, and all else is left, wherever chunks end', () => {
    const report = fc.string({ unit: fc.constantFrom('a', '\0', '0'), maxLength: 400 })
    fc.assert(
      fc.property(text, text, report, cuts, (before, after, report, cuts) => {
        const { own, report: got } = through(before + said(report) + after, cuts)
        expect([own, got]).toEqual([before + after, report])
      }),
    )
  })

  it('is not there where it was never said', () => {
    fc.assert(
      fc.property(text, cuts, (text, cuts) => {
        const { own, live, report } = through(text, cuts)
        expect([own, report]).toEqual([text, undefined])
        // Only what may be the beginning of it waits.
        expect(text.startsWith(live) && text.length - live.length <= 32).toBe(true)
      }),
    )
  })

  it('is said with another watchword by others than the keeper, and on stdout by nobody', () => {
    const other = said('left\0').replace('0123', '3210')
    expect(through(other, [])).toMatchObject({ own: other, report: undefined })
    const streams = openStreams(watchword)
    expect(textOf(streams.take(frame('stdout', said('x'))), 'stdout')).toBe(said('x'))
    expect(streams.report()).toBeUndefined()
  })

  it('is what was said first, and nothing where it was cut off', () => {
    expect(through(said('one') + said('two'), [])).toMatchObject({ own: said('two'), report: 'one' })
    for (const lost of [1, 3, 5]) expect(through('a' + said('abc').slice(0, -lost), [])).toMatchObject({ own: 'a', report: undefined }) // prettier-ignore
  })

  it('is not looked for without a watchword', () => {
    const streams = openStreams(undefined)
    expect(textOf(streams.take(frame('stderr', said('abc'))), 'stderr')).toBe(said('abc'))
  })

  it('is in streams that are the engine\u2019s', () => {
    let code = false
    try {
      openStreams(watchword).take(Buffer.from('this is no frame'))
    } catch (error) {
      code = hasCode(error, 'INTEGRITY')
    }
    expect(code).toBe(true)
  })
})
