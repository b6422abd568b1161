using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// Puts <see cref="CellGuard.Check"/> at the start of every loop body and of every function with a block body. Lines stay as they
/// are, so that a stack trace names the user's line.
/// </summary>
internal sealed class GuardRewriter : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Check =
        SyntaxFactory.ParseStatement($"global::{typeof(CellGuard).FullName}.{nameof(CellGuard.Check)}();");

    public static SyntaxTree Rewrite(SyntaxTree tree, CancellationToken cancellationToken) =>
        tree.WithRootAndOptions(new GuardRewriter().Visit(tree.GetRoot(cancellationToken)), tree.Options);

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) => Guarded((WhileStatementSyntax)base.VisitWhileStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) => Guarded((DoStatementSyntax)base.VisitDoStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) => Guarded((ForStatementSyntax)base.VisitForStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) => Guarded((ForEachStatementSyntax)base.VisitForEachStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node) =>
        Guarded((ForEachVariableStatementSyntax)base.VisitForEachVariableStatement(node)!, n => n.Statement);

    public override SyntaxNode? VisitBlock(BlockSyntax node)
    {
        var block = (BlockSyntax)base.VisitBlock(node)!;
        return node.Parent is MethodDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax ? Guarded(block) : block;
    }

    private static T Guarded<T>(T loop, Func<T, StatementSyntax> body)
        where T : SyntaxNode
    {
        StatementSyntax statement = body(loop);
        BlockSyntax block = statement as BlockSyntax ?? SyntaxFactory.Block(statement);
        return loop.ReplaceNode(statement, Guarded(block));
    }

    private static BlockSyntax Guarded(BlockSyntax block) => block.WithStatements(block.Statements.Insert(0, Check));
}
