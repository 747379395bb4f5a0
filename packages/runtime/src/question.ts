import type { Question, ResumedConversation } from '@seamark/core'
import { stripVTControlCharacters } from 'node:util'
import type { Conversation, Effect, Step } from './conversation.ts'
import { failed } from './failure.ts'
import { finish } from './finish.ts'
import { flushed } from './said.ts'

/** Longest question, in characters. */
const MOST = 8_000

/** One of the things that are asked together. */
export interface Asking {
  readonly question: string
  readonly options?: readonly { readonly label: string; readonly description?: string | undefined }[] | undefined
}

/** Questions for people, with numbered choices; empty where nothing is asked. */
export function questionText(askings: readonly Asking[]): string {
  const texts = askings.map(({ question, options = [] }) => {
    const choices = options.map(({ label, description }, index) => {
      const more = description === undefined || description === '' ? '' : `: ${description}`
      return `${index + 1}. ${label}${more}`
    })
    return [question, ...choices].join('\n')
  })
  return stripVTControlCharacters(texts.join('\n\n'))
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ')
    .trim()
    .slice(0, MOST)
    .toWellFormed()
}

/** Ends a conversation with what a person has to answer. `effects` are what its program is told before that. */
export function questioned<C extends Conversation>(
  before: C,
  { id, text }: Question,
  effects: readonly Effect[],
): Step<C> {
  const { conversation, effects: told } = flushed(before)
  const event: Effect = { event: { type: 'question', id: id.slice(0, 200).toWellFormed(), text } }
  return finish(conversation, failed('question'), [...told, event, ...effects])
}

/** What is said first in a conversation that is gone on with. */
export function resumedWords({ answer }: ResumedConversation): string {
  if (answer === undefined) return 'You were interrupted. The workspace is as you left it. Go on where you were.'
  return `You asked:\n\n${answer.question.text}\n\nThe answer is:\n\n${answer.text}\n\nGo on with it.`
}
