import type { ItemSpec, Plan, PlanItem, PlanPrompt } from '@seamark/core'
import { namesVersion } from '../agent/reference.ts'
import type { PlanDeployment } from './deployment.ts'
import type { Faults, Path } from './fault.ts'
import { checkGivenText } from './given-text.ts'
import type { GivenText } from './given-text.ts'
import { PLAN_LIMITS } from './limits.ts'
import { literalPath } from './paths.ts'
import { quoted } from './quoted.ts'

const WORDS: GivenText = {
  what: 'A prompt',
  maxBytes: PLAN_LIMITS.promptBytes,
  remedy: 'Say it in fewer words, and leave the rest in files of the workspace.',
}

export type ItemTask = Pick<ItemSpec, 'run' | 'prompt' | 'model' | 'effort'>

/** What an item says to do: a command line, or words for the agent program of its runtime. Each runtime takes one of the two. */
export function itemTask(
  plan: Omit<Plan, 'items'>,
  deployment: PlanDeployment,
  faults: Faults,
): (item: PlanItem, runtime: string, path: Path) => ItemTask {
  const { defaults = {}, workspace } = plan
  const takesPrompt = (runtime: string) => deployment.promptRuntimes?.includes(runtime) === true
  checkWord(defaults.model, ['defaults', 'model'], faults)
  checkWord(defaults.effort, ['defaults', 'effort'], faults)

  function missing(item: PlanItem, runtime: string, path: Path): void {
    // An agent in the place of either has been refused already.
    if (item.agent !== undefined && !namesVersion(item.agent)) return
    // Its input says what is to be done.
    if (item.input !== undefined && takesPrompt(runtime)) return
    const [field, what] = takesPrompt(runtime) ? ['prompt', 'what is to be done'] : ['run', 'a command line']
    faults.add({
      code: 'INVALID_INPUT',
      message: `The item has no ${field}.`,
      remedy: `Add ${field} with ${what}.`,
      path,
    })
  }

  function misplaced(item: PlanItem, runtime: string, path: Path): void {
    const prompted = takesPrompt(runtime)
    // A runtime that is not there has been complained about already.
    if (runtime === '' || !deployment.runtimes.includes(runtime)) return
    if (item.run !== undefined && prompted)
      faults.add({
        code: 'INVALID_INPUT',
        message: `The runtime ${quoted(runtime)} takes a prompt, and no command line.`,
        remedy: 'Write prompt in the place of run, or name the runtime command.',
        path: [...path, 'run'],
        part: 'key',
      })
    for (const field of ['prompt', 'model', 'effort'] as const)
      if (item[field] !== undefined && !prompted)
        faults.add({
          code: 'INVALID_INPUT',
          message: `The runtime ${quoted(runtime)} takes no ${field}.`,
          remedy: 'Name a runtime of an agent program, or write run.',
          path: [...path, field],
          part: 'key',
        })
  }

  return (item, runtime, path) => {
    const { run, prompt } = item
    if (run === undefined && prompt === undefined) missing(item, runtime, path)
    else if (run !== undefined && prompt !== undefined)
      faults.add({
        code: 'INVALID_INPUT',
        message: 'The item has a run and a prompt.',
        remedy: 'Keep the one that its runtime takes.',
        path: [...path, 'prompt'],
        part: 'key',
      })
    else misplaced(item, runtime, path)
    if (prompt !== undefined) checkPrompt(prompt, workspace?.git !== undefined, [...path, 'prompt'], faults)
    checkWord(item.model, [...path, 'model'], faults)
    checkWord(item.effort, [...path, 'effort'], faults)
    if (prompt === undefined && (run !== undefined || !takesPrompt(runtime))) return { run: run ?? '' }
    const model = item.model ?? defaults.model
    const effort = item.effort ?? defaults.effort
    return {
      run: '',
      ...(prompt !== undefined && { prompt: normal(prompt) }),
      ...(model !== undefined && { model }),
      ...(effort !== undefined && { effort }),
    }
  }
}

function normal(prompt: PlanPrompt): PlanPrompt {
  if (typeof prompt === 'string') return prompt
  const checked = literalPath(prompt.file)
  return { file: checked.ok ? checked.value : prompt.file }
}

function checkPrompt(prompt: PlanPrompt, git: boolean, path: Path, faults: Faults): void {
  if (typeof prompt !== 'string') {
    const place = [...path, 'file']
    const checked = literalPath(prompt.file)
    if (!checked.ok)
      faults.add({ code: 'INVALID_INPUT', message: checked.message, remedy: checked.remedy, path: place })
    else if (!git)
      faults.add({
        code: 'INVALID_INPUT',
        message: 'A prompt can not be a file of an empty workspace.',
        remedy: 'Write the words here, or give the plan a workspace with git.',
        path: place,
      })
    return
  }
  if (prompt.trim() === '')
    faults.add({
      code: 'INVALID_INPUT',
      message: 'The prompt is empty.',
      remedy: 'Say what is to be done.',
      path,
    })
  checkGivenText(prompt, WORDS, path, faults)
}

/** Words for another program are put into its arguments and messages as they are. */
export function checkWord(word: string | undefined, path: Path, faults: Faults): void {
  if (word !== undefined && (word.startsWith('-') || /[\s\p{Cc}\p{Cf}]/u.test(word)))
    faults.add({
      code: 'INVALID_INPUT',
      message: `${quoted(word)} is no such name: it begins with "-", or holds spaces or hidden characters.`,
      remedy: 'Write the name as its program knows it.',
      path,
    })
}
