/** Many lives in a few numbers. */
import type { LifeResult } from "./life.ts";

export function summary(results: readonly LifeResult[]) {
	const sum = (of: (result: LifeResult) => number): number => results.reduce((total, result) => total + of(result), 0);
	const most = (of: (result: LifeResult) => number): number => Math.max(0, ...results.map(of));
	const credentials = sum(({ renewals, reenrolments }) => renewals + reenrolments);
	return {
		lives: results.length,
		events: sum(({ events }) => events),
		cuts: sum(({ powerCuts, networkCuts }) => powerCuts + networkCuts),
		powerCuts: sum(({ powerCuts }) => powerCuts),
		networkCuts: sum(({ networkCuts }) => networkCuts),
		serviceErrors: sum(({ serviceErrors }) => serviceErrors),
		boots: sum(({ boots }) => boots),
		renewals: sum(({ renewals }) => renewals),
		reenrolments: sum(({ reenrolments }) => reenrolments),
		curveChanges: sum(({ curveChanges }) => curveChanges),
		/** Power off and outages included. */
		longestOfflineHours: Math.round(most(({ longestOfflineMs }) => longestOfflineMs) / 3600_000),
		writesPerRenewal: Math.round((100 * sum(({ flashWrites }) => flashWrites)) / Math.max(1, credentials)) / 100,
		mostFlashErases: Math.round(10 * most(({ flashErases }) => flashErases)) / 10,
		mostDpsPerHour: most((result) => result.most.dpsPerHour),
		mostHubPerMinute: most((result) => result.most.hubPerMinute),
		violations: sum(({ violations }) => violations.length),
	};
}
