import type { TranscriptLine } from './transcript.ts'

/**
 * Lines of a transcript as people read them: what the program said after `<`, what it was told after `>`. Only those two begin a line:
 * a carriage return, which would show the words after it there, is shown by its number. Other controls are left as they are.
 */
export async function* transcriptText(lines: AsyncIterable<TranscriptLine>): AsyncGenerator<string> {
  let open = false
  for await (const { from, text, more, unsure, omitted } of lines) {
    const words = text?.replaceAll('\r', String.raw`\u{d}`) ?? `(${omitted ?? 0} bytes that are not kept)`
    const remark = unsure === true && more !== true ? ' (the program may not have this)' : ''
    yield `${open ? '' : from === 'program' ? '< ' : '> '}${words}${remark}${more === true ? '' : '\n'}`
    open = more === true
  }
}
