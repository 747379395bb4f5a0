import type { Question } from '@seamark/core'
import { harmless } from './style.ts'

/** What an agent asked, line by line, as a terminal may show it. */
export function questionLines({ text }: Question): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => harmless(line).trimEnd())
    .filter((line, index, all) => line !== '' || (all[index - 1] ?? '') !== '')
}

/** `guide asks: Which one?`, its other lines, and how to answer. The token names the wait, so that nothing else is answered. */
export function askedText(question: Question, run: string, item: string, token: string): string {
  const [first = '', ...rest] = questionLines(question)
  return [
    `${item} asks: ${first}`,
    ...rest.map((line) => `  ${line}`),
    `To answer: seamark answer ${item} TEXT --run ${run} --wait ${token}`,
  ].join('\n')
}
