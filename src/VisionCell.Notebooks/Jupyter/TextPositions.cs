using System.Text;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>Jupyter counts a cursor in Unicode characters, .NET a string in UTF-16 units; they differ beyond the basic plane.</summary>
internal static class TextPositions
{
    public static int ToUtf16(string text, int characters)
    {
        int units = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (characters-- <= 0)
                break;
            units += rune.Utf16SequenceLength;
        }

        return units;
    }

    public static int ToCharacters(string text, int units)
    {
        int characters = 0;
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (at >= units)
                break;
            at += rune.Utf16SequenceLength;
            characters++;
        }

        return characters;
    }
}
