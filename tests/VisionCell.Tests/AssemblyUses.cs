using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace VisionCell.Tests;

/// <summary>One type's use of another, by full names.</summary>
public sealed record Use(string User, string Used);

/// <summary>
/// Finds which types of an assembly use which others of it: base types, interfaces, members, attributes, and everything that a
/// method's IL names. Constants are the exception: the compiler copies their values.
/// </summary>
public static class AssemblyUses
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    /// <summary>All uses between types that an assembly defines.</summary>
    public static IEnumerable<Use> Of(Assembly assembly) => Of(assembly.GetTypes());

    /// <summary>The uses that some types make of types of their own assembly, the outermost type named on either side.</summary>
    public static IEnumerable<Use> Of(IEnumerable<Type> types) =>
        from user in types
        where !IsGenerated(Outermost(user))
        from used in Named(user).SelectMany(Parts)
        where used.Assembly == user.Assembly
        let names = new Use(Name(user), Name(used))
        where names.User != names.Used
        group names by names into once
        select once.Key;

    /// <summary>Whether the compiler or a source generator made the type outside any namespace of ours.</summary>
    public static bool IsGenerated(Type type) =>
        Outermost(type) is var outermost && (outermost.Name.StartsWith('<') || outermost.IsDefined(typeof(CompilerGeneratedAttribute), false)
            || outermost.Namespace is "System.Text.RegularExpressions.Generated" or "System.Runtime.CompilerServices" or "Microsoft.CodeAnalysis");

    // Nested types of the samples in the tests are told apart; closures belong to what holds them.
    private static string Name(Type type)
    {
        while (type.DeclaringType is { } outer && type.Name.StartsWith('<'))
            type = outer;
        return type.FullName ?? type.Name;
    }

    private static Type Outermost(Type type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type;
    }

    /// <summary>A type and the types that it is built of, without arrays, references and pointers.</summary>
    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType)
            return Parts(type.GetElementType()!);
        if (type.IsGenericParameter)
            return [];
        return type.IsGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }

    private static IEnumerable<Type> Named(Type type)
    {
        if (type.BaseType is { } parent)
            yield return parent;
        foreach (var contract in type.GetInterfaces())
            yield return contract;
        foreach (var parameter in type.IsGenericTypeDefinition ? type.GetGenericArguments() : [])
        {
            foreach (var constraint in parameter.GetGenericParameterConstraints())
                yield return constraint;
        }
        foreach (var attribute in type.GetCustomAttributesData().Concat(type.GetMembers(Declared).SelectMany(m => m.GetCustomAttributesData())))
            yield return attribute.AttributeType;
        foreach (var field in type.GetFields(Declared))
            yield return field.FieldType;
        foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
        {
            foreach (var used in Signature(method).Concat(Body(method)))
                yield return used;
        }
    }

    private static IEnumerable<Type> Signature(MethodBase method)
    {
        foreach (var parameter in method.GetParameters())
            yield return parameter.ParameterType;
        if (method is MethodInfo { ReturnType: var result })
            yield return result;
        if (!method.IsGenericMethod)
            yield break;
        foreach (var argument in method.GetGenericArguments())
        {
            yield return argument;
            if (argument.IsGenericParameter)
            {
                foreach (var constraint in argument.GetGenericParameterConstraints())
                    yield return constraint;
            }
        }
    }

    private static IEnumerable<Type> Body(MethodBase method)
    {
        if (method.GetMethodBody() is not { } body || body.GetILAsByteArray() is not { } il)
            yield break;
        foreach (var local in body.LocalVariables)
            yield return local.LocalType;
        foreach (var clause in body.ExceptionHandlingClauses.Where(c => c.Flags == ExceptionHandlingClauseOptions.Clause))
        {
            if (clause.CatchType is { } caught)
                yield return caught;
        }
        var typeArguments = method.DeclaringType is { IsGenericType: true } generic ? generic.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        foreach (var token in Tokens(il))
        {
            var member = method.Module.ResolveMember(token, typeArguments, methodArguments);
            if (member is Type type)
                yield return type;
            else if (member is FieldInfo field)
                yield return field.FieldType;
            else if (member is MethodBase called)
            {
                foreach (var used in Signature(called))
                    yield return used;
            }
            if (member?.DeclaringType is { } declaring)
                yield return declaring;
        }
    }

    /// <summary>The metadata tokens of types, fields and methods in a method's IL (ECMA-335, III.1.9).</summary>
    private static IEnumerable<int> Tokens(byte[] il)
    {
        for (var at = 0; at < il.Length;)
        {
            var value = (short)il[at++];
            if (value == 0xFE)
                value = (short)(0xFE00 | il[at++]);
            var operand = OpCodesByValue[value].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
                yield return BitConverter.ToInt32(il, at);
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(il, at),
                _ => 4,
            };
        }
    }
}
