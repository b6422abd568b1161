#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace VisionCell.Viewer
{
    /// <summary>
    /// Reads JSON (RFC 8259) into dictionaries, lists, doubles, strings, booleans and null: Unity brings no reader that does not need a
    /// class for every file.
    /// </summary>
    public sealed class Json
    {
        private readonly string _text;
        private int _at;

        private Json(string text) => _text = text;

        /// <summary>Reads a text that holds one object.</summary>
        /// <exception cref="InvalidDataException">It is none.</exception>
        public static Dictionary<string, object?> ParseObject(string text)
        {
            var reader = new Json(text);
            var value = reader.Value(0);
            reader.Blanks();
            if (reader._at != text.Length)
                throw reader.Error("something follows the end");
            return value as Dictionary<string, object?> ?? throw new InvalidDataException("the JSON is no object");
        }

        public static double Number(IReadOnlyDictionary<string, object?> from, string key) =>
            from.TryGetValue(key, out var value) && value is double number ? number : throw new InvalidDataException($"'{key}' is no number");

        public static string Text(IReadOnlyDictionary<string, object?> from, string key) =>
            from.TryGetValue(key, out var value) && value is string text ? text : throw new InvalidDataException($"'{key}' is no text");

        public static IReadOnlyList<object?> List(IReadOnlyDictionary<string, object?> from, string key) =>
            from.TryGetValue(key, out var value) && value is List<object?> list ? list : throw new InvalidDataException($"'{key}' is no list");

        /// <summary>Three numbers x, y, z.</summary>
        public static Double3 Triple(IReadOnlyDictionary<string, object?> from, string key)
        {
            var n = Numbers(from, key, 3);
            return new Double3(n[0], n[1], n[2]);
        }

        public static double[] Numbers(IReadOnlyDictionary<string, object?> from, string key, int count)
        {
            var list = List(from, key);
            if (list.Count != count)
                throw new InvalidDataException($"'{key}' holds {list.Count} values, not {count}");
            var result = new double[count];
            for (var i = 0; i < count; i++)
                result[i] = list[i] is double d ? d : throw new InvalidDataException($"'{key}' holds something that is no number");
            return result;
        }

        private object? Value(int depth)
        {
            if (depth > 64)
                throw Error("it is nested too deeply");
            Blanks();
            switch (Peek())
            {
                case '{': return Object(depth);
                case '[': return Array(depth);
                case '"': return String();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private Dictionary<string, object?> Object(int depth)
        {
            var result = new Dictionary<string, object?>(StringComparer.Ordinal);
            _at++;
            Blanks();
            if (Taken('}'))
                return result;
            do
            {
                Blanks();
                var key = String();
                Blanks();
                Expect(':');
                if (result.ContainsKey(key))
                    throw Error($"'{key}' is there twice");
                result.Add(key, Value(depth + 1));
                Blanks();
            }
            while (Taken(','));
            Expect('}');
            return result;
        }

        private List<object?> Array(int depth)
        {
            var result = new List<object?>();
            _at++;
            Blanks();
            if (Taken(']'))
                return result;
            do
            {
                result.Add(Value(depth + 1));
                Blanks();
            }
            while (Taken(','));
            Expect(']');
            return result;
        }

        private string String()
        {
            Expect('"');
            var result = new StringBuilder();
            while (true)
            {
                var c = Next();
                if (c == '"')
                    return result.ToString();
                if (c < ' ')
                    throw Error("a control character in a string");
                if (c != '\\')
                {
                    result.Append(c);
                    continue;
                }
                c = Next();
                var escape = "\"\\/bfnrt".IndexOf(c);
                if (escape >= 0)
                {
                    result.Append("\"\\/\b\f\n\r\t"[escape]);
                }
                else if (c == 'u' && _at + 4 <= _text.Length && ushort.TryParse(_text.Substring(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
                {
                    result.Append((char)code);
                    _at += 4;
                }
                else
                {
                    throw Error($"\\{c} is no escape");
                }
            }
        }

        private double Number()
        {
            var start = _at;
            while (_at < _text.Length && "+-.eE0123456789".IndexOf(_text[_at]) >= 0)
                _at++;
            const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
            return double.TryParse(_text.Substring(start, _at - start), Style, CultureInfo.InvariantCulture, out var value) && !double.IsInfinity(value)
                ? value
                : throw Error("a value is no JSON");
        }

        private object? Word(string word, object? value)
        {
            if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0)
                throw Error("a value is no JSON");
            _at += word.Length;
            return value;
        }

        private void Blanks()
        {
            while (_at < _text.Length && " \t\r\n".IndexOf(_text[_at]) >= 0)
                _at++;
        }

        private char Peek() => _at < _text.Length ? _text[_at] : throw Error("it ends too early");

        private char Next()
        {
            var c = Peek();
            _at++;
            return c;
        }

        private bool Taken(char c)
        {
            if (_at >= _text.Length || _text[_at] != c)
                return false;
            _at++;
            return true;
        }

        private void Expect(char c)
        {
            if (!Taken(c))
                throw Error($"'{c}' is missing");
        }

        private InvalidDataException Error(string what)
        {
            var line = 1;
            for (var i = 0; i < _at && i < _text.Length; i++)
                line += _text[i] == '\n' ? 1 : 0;
            return new InvalidDataException($"line {line} of the JSON: {what}");
        }
    }
}
