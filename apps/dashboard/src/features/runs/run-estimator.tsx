import { type Run, type SeriesName } from '@seedfleet/protocol';
import { SeriesCard } from '../../charts/series-card';
import { decimal } from '../../shell/format';
import { SeriesTab } from './series-tab';

const names: SeriesName[] = ['gradientP10', 'gradientP50', 'gradientP90', 'signalToNoise', 'differenceP10', 'differenceP50', 'differenceP90', 'noiseFloor', 'signAgreement', 'coefficientRms', 'learningRate'];
const powers = (value: number | null) => (value === null ? '–' : value.toExponential(2));

/** How large the measured changes of loss are, whether devices agree on them, and whether float32 can tell them from nothing. */
export function RunEstimator({ run }: { run: Run }) {
  return (
    <SeriesTab run={run} names={names} empty="The first round has made no commit yet: what devices measured is compared as soon as it has.">
      {(view) => (
        <>
          <SeriesCard title="Projected gradient" source="rounds" view={view} yLabel="nats a unit of step" lines={[{ name: 'gradientP50', label: 'median', band: { low: 'gradientP10', high: 'gradientP90' } }]}
            says="Change of loss for each unit of step along the directions of a commit: their median, and the area from the 10th to the 90th of a hundred." />
          <SeriesCard title="Signal to noise" source="rounds" view={view} yLabel="signal / noise" logarithmic lines={[{ name: 'signalToNoise', label: 'signal / noise' }]} across={[{ label: 'as large as the noise', y: 1 }]}
            says="Mean size of what devices say together, over its standard error between devices. Below 1 chance speaks louder: take more devices or more examples a batch. Nothing is drawn where one device reported." />
          <SeriesCard title="Differences and the float noise floor" source="rounds" view={view} yLabel="absolute difference, nats" logarithmic valueText={powers}
            lines={[{ name: 'differenceP90', label: '90th of 100', dash: [8, 4] }, { name: 'differenceP50', label: 'median' }, { name: 'differenceP10', label: '10th of 100', dash: [8, 4] }, { name: 'noiseFloor', label: 'float32 spacing', dash: [2, 4] }]}
            says="Reported changes of loss against the distance of neighbouring float32 numbers at the newest held-out loss. Differences near the floor are rounding: eps is too small, or the loss no longer answers." />
          <SeriesCard title="Sign agreement" source="rounds" view={view} yLabel="% of devices" lines={[{ name: 'signAgreement', label: 'agree with the majority', times: 100 }]} across={[{ label: 'nobody agrees', y: 50 }]} valueText={(value) => (value === null ? '–' : `${value.toFixed(1)} %`)}
            says="Share of devices that see the loss rise or fall along a direction as most of their group do, mean over directions. Few devices agree by chance, too." />
          <SeriesCard title="Coefficients" source="rounds" view={view} yLabel="RMS, nats a unit" lines={[{ name: 'coefficientRms', label: 'RMS of coefficients' }]}
            says="Root mean square over the directions of a commit. Near zero the loss hardly answers." />
          <SeriesCard title="Learning rate" source="rounds" view={view} yLabel="learning rate" lines={[{ name: 'learningRate', label: 'learning rate' }]} valueText={(value) => decimal(value, 6)}
            says="As the schedule of the manifest has it; signed into every commit." />
        </>
      )}
    </SeriesTab>
  );
}
