import { EXITED as good, PROMPTED as task, jsonLines as lines } from '@seamark/testing'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { runtimeSuite } from '@seamark/conformance/runtime'
import type { RuntimeSubject } from '@seamark/conformance/runtime'
import { describe, it } from 'vitest'
import { codex } from '../src/index.ts'
import { program } from './said.ts'

const stdout = lines(
  'starting …',
  program.hello(),
  program.thread(),
  program.began(),
  program.says('I look 漢字 🧭\nand then'),
  program.runs('t1', 'git status'),
  program.asks(0, 't1', 'git status'),
  program.ran('t1', 'git status'),
  program.runs('t2', 'git push origin'),
  program.asks(1, 't2', 'git push origin'),
  program.ran('t2', 'git push origin', { status: 'declined', exitCode: null }),
  program.requests(2, 'attestation/generate', {}),
  program.used(10, 5),
  program.says('done'),
  program.end(),
)

const subject = async (): Promise<RuntimeSubject> => ({
  seam: codex(),
  script: { task, stdout, exit: { ...good, outputBytes: stdout.byteLength } },
  dispose: async () => undefined,
})

registerSuite(runtimeSuite, subject, { describe, it })
registerSaboteurs(runtimeSuite, subject, { describe, it })
registerSuite(underTraits(runtimeSuite, subject), subject, { describe, it })
