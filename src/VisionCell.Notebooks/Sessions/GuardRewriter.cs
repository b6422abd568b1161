using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// Puts <see cref="CellGuard.Check"/> at the start of every loop body and of every function with a block body, and gives such a body to
/// lambdas that are an expression (those that LINQ calls a billion times). Lines stay as they are, so that a stack trace names the
/// user's line.
/// </summary>
internal sealed class GuardRewriter(Func<LambdaExpressionSyntax, bool?> returnsValue) : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Check = Call(nameof(CellGuard.Check));
    private static readonly StatementSyntax Enter = Call(nameof(CellGuard.Enter));

    /// <summary>The guarded form of the one tree of <paramref name="plain"/>.</summary>
    public static SyntaxTree Rewrite(CSharpCompilation plain, SyntaxTree tree, CancellationToken cancellationToken)
    {
        SemanticModel? model = null;
        SyntaxNode root = tree.GetRoot(cancellationToken);
        return tree.WithRootAndOptions(new GuardRewriter(ReturnsValue).Visit(root), tree.Options);

        // Null where the lambda has to stay as it is: an expression tree, or code with errors.
        bool? ReturnsValue(LambdaExpressionSyntax lambda)
        {
            model ??= plain.GetSemanticModel(tree);
            if (model.GetTypeInfo(lambda, cancellationToken).ConvertedType is not { TypeKind: TypeKind.Delegate }
                || model.GetSymbolInfo(lambda, cancellationToken).Symbol is not IMethodSymbol { RefKind: RefKind.None } method)
                return null;
            bool isPlainTask = lambda.AsyncKeyword.RawKind != 0 && method.ReturnType is not INamedTypeSymbol { IsGenericType: true };
            return !method.ReturnsVoid && !isPlainTask;
        }
    }

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node) =>
        WithBody(node, (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!);

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node) =>
        WithBody(node, (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!);

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) => Guarded((WhileStatementSyntax)base.VisitWhileStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) => Guarded((DoStatementSyntax)base.VisitDoStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) => Guarded((ForStatementSyntax)base.VisitForStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) => Guarded((ForEachStatementSyntax)base.VisitForEachStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node) =>
        Guarded((ForEachVariableStatementSyntax)base.VisitForEachVariableStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitBlock(BlockSyntax node)
    {
        var block = (BlockSyntax)base.VisitBlock(node)!;
        return node.Parent switch
        {
            MethodDeclarationSyntax or LocalFunctionStatementSyntax => block.WithStatements(block.Statements.Insert(0, Enter)),
            AnonymousFunctionExpressionSyntax => Guarded(block),
            _ => block,
        };
    }

    private LambdaExpressionSyntax WithBody(LambdaExpressionSyntax original, LambdaExpressionSyntax visited)
    {
        if (visited.ExpressionBody is not { } body || body is ThrowExpressionSyntax or RefExpressionSyntax || returnsValue(original) is not { } isValue)
            return visited;
        StatementSyntax statement = isValue
            ? SyntaxFactory.ReturnStatement(body.WithLeadingTrivia(body.GetLeadingTrivia().Insert(0, SyntaxFactory.Space)))
            : SyntaxFactory.ExpressionStatement(body);
        return visited.WithExpressionBody(null).WithBlock(SyntaxFactory.Block(Check, statement));
    }

    private static StatementSyntax Call(string method) => SyntaxFactory.ParseStatement($"global::{typeof(CellGuard).FullName}.{method}();");

    private static T Guarded<T>(T loop, Func<T, StatementSyntax> body)
        where T : SyntaxNode
    {
        StatementSyntax statement = body(loop);
        BlockSyntax block = statement as BlockSyntax ?? SyntaxFactory.Block(statement);
        return loop.ReplaceNode(statement, Guarded(block));
    }

    private static BlockSyntax Guarded(BlockSyntax block) => block.WithStatements(block.Statements.Insert(0, Check));
}
