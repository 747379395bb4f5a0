import type { AnchorAnswer, CheckStatus, VerifyCheck, VerifyProperty } from '@seamark/core'

const property = 'retained-until'

/** What of a bundle's receipts was put to anchors. */
export interface Asked {
  /** Path of the first receipt of an anchor that was not asked. */
  readonly unasked?: string
}

/** Whether every anchor still has what it gave a receipt for. Each that is configured or has a receipt must say so. */
export function checkAnchors({ unasked }: Asked, answers: readonly AnchorAnswer[] | undefined): VerifyCheck {
  const id = 'anchors'
  const open = (code: string, detail?: string): VerifyCheck => ({
    id,
    status: 'not-checked',
    code,
    ...(detail !== undefined && { detail }),
  })
  if (answers === undefined) return open('not-online')
  const worst = find(answers, 'fail') ?? find(answers, 'not-checked')
  if (worst?.check?.status === 'fail')
    return { id, status: 'fail', code: worst.check.reason ?? 'failed', detail: worst.name }
  if (worst !== undefined)
    return open(worst.check === undefined ? 'no-receipt' : (worst.check.reason ?? 'not-run'), worst.name)
  if (unasked !== undefined) return open('not-configured', unasked)
  return answers.length === 0 ? open('no-receipt') : { id, status: 'pass' }
}

function find(answers: readonly AnchorAnswer[], status: CheckStatus): AnchorAnswer | undefined {
  return answers.find(({ check }) => (check?.status ?? 'not-checked') === status)
}

/**
 * Until when the checkpoint can not be removed, at the verifier's time `now`: the latest date that an anchor proves. It is
 * the bundle's only where the bundle is `authentic`.
 */
export function retainedUntil(
  answers: readonly AnchorAnswer[] | undefined,
  authentic: CheckStatus,
  now: number,
): VerifyProperty {
  const nobody = 'no locked copy was seen: whoever keeps the copies'
  if (answers === undefined || authentic !== 'pass')
    return { name: property, status: 'not-checked', forgeableBy: nobody }
  const proven = answers.flatMap(({ beyondOperator, check }) => {
    const until = check?.status === 'pass' ? (check.retainedUntil ?? 0) : 0
    return until > now && Number.isFinite(new Date(until).getTime()) ? [{ until, beyondOperator }] : []
  })
  const [latest] = proven.toSorted((a, b) => b.until - a.until)
  if (latest === undefined)
    return { name: property, status: find(answers, 'fail') ? 'fail' : 'not-checked', forgeableBy: nobody }
  const keeper = 'whoever runs the service that was asked; it lasts as long as the account there does'
  return {
    name: property,
    status: 'pass',
    value: new Date(latest.until).toISOString(),
    forgeableBy: latest.beyondOperator ? keeper : `the operator of the log, and ${keeper}`,
  }
}
