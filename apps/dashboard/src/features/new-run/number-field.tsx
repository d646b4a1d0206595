import { NumberInput } from '@mantine/core';

interface NumberFieldBase {
  label: string;
  description: string;
  min: number;
  max?: number;
  /** whole numbers only */
  whole?: boolean;
}

export interface NumberFieldProps extends NumberFieldBase {
  value: number;
  onChange: (value: number) => void;
}

/** A number with what it means; an empty field keeps the last number. */
export function NumberField({ label, description, value, min, max, whole = true, onChange }: NumberFieldProps) {
  return (
    <NumberInput label={label} description={description} value={value} min={min} max={max} allowDecimal={!whole} allowNegative={false}
      onChange={(next) => next !== '' && Number.isFinite(Number(next)) && onChange(Number(next))} />
  );
}

export interface OptionalNumberFieldProps extends NumberFieldBase {
  /** null: the field is empty */
  value: number | null;
  onChange: (value: number | null) => void;
}

/** A number that need not be said. */
export function OptionalNumberField({ label, description, value, min, max, whole = true, onChange }: OptionalNumberFieldProps) {
  return (
    <NumberInput label={label} description={description} value={value ?? ''} placeholder="not set" min={min} max={max} allowDecimal={!whole} allowNegative={false}
      onChange={(next) => (next === '' ? onChange(null) : Number.isFinite(Number(next)) && onChange(Number(next)))} />
  );
}
