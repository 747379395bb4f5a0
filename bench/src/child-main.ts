import type { ChildAnswer } from './child.ts'

interface MeasuringModule {
  measure(input: unknown): Promise<unknown>
}

const [module = ''] = process.argv.slice(2)

process.once('message', ({ input }: { readonly input: unknown }) => {
  void answer(input).then((said) => {
    process.send?.(said, () => process.disconnect())
    process.exitCode = said.ok ? 0 : 1
  })
})

async function answer(input: unknown): Promise<ChildAnswer> {
  try {
    const measuring = (await import(module)) as MeasuringModule
    const value = await measuring.measure(input)
    return { ok: true, value, peakBytes: process.resourceUsage().maxRSS * 1024 }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
