import type { RuntimeSubject } from '@seamark/conformance/runtime'
import { tapRuntime } from './tap-runtime.ts'

const report = `TAP version 14
# Subtest: adds
    ok 1 - small numbers
    not ok 2 - large numbers # todo
    1..2
ok 1 - adds
not ok 2 - 漢字と絵文字 # todo later
not ok 3 - ${'long '.repeat(100)}# todo
not ok 4 - the last # todo
ok 5 - ${'very long '.repeat(1_000)}
1..5`

/** A runtime, with the output of a program that did its work: enough of it for several events, so that restarts are tried. */
export async function subject(): Promise<RuntimeSubject> {
  const stdout = new TextEncoder().encode(report)
  return {
    seam: tapRuntime(),
    script: {
      task: { run: 'r', item: 'i', attempt: 1, command: 'true', workspaceDir: '/workspace', env: {} },
      stdout,
      exit: { code: 0, reason: 'exited', startedAt: 1_000, endedAt: 2_000, outputBytes: stdout.byteLength },
    },
    dispose: async () => undefined,
  }
}
