import { type Format, FORMATS } from "./text";

/** Chooses how a declaration is written. */
export function FormatSwitch({
  format,
  disabled = false,
  onChange,
}: {
  format: Format;
  disabled?: boolean;
  onChange(format: Format): void;
}) {
  return (
    <div className="segmented" role="group" aria-label="Format">
      {FORMATS.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === format}
          disabled={disabled && one !== format}
          onClick={() => onChange(one)}
        >
          {one.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
